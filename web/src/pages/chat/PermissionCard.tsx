import { ShieldQuestion } from "lucide-react";
import { useEffect, useState } from "react";
import type { PermissionRequest, Scope } from "@/api/types";
import { cx } from "@/lib/cx";
import { isTyping, useKeys } from "@/lib/hooks";
import { answer } from "@/live/store";
import { Badge, Kbd } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { toast } from "@/ui/toasts";
import { Arguments } from "./Arguments";
import { isDestructive } from "./danger";
import { Expiry } from "./Expiry";
import { useAsker } from "./useAsker";

interface Choice {
  key: string;
  label: string;
  approved: boolean;
  scope: Scope;
}

const CHOICES: readonly Choice[] = [
  { key: "1", label: "Once", approved: true, scope: "once" },
  { key: "2", label: "This session", approved: true, scope: "session" },
  { key: "3", label: "Always", approved: true, scope: "always" },
  { key: "4", label: "Deny", approved: false, scope: "once" },
];

/** How long the second press of a destructive call may take. */
const ARMED_MS = 5_000;

/** The question whether a call may run: the most important thing on the screen. */
export function PermissionCard({ request, keys }: { request: PermissionRequest; keys: boolean }) {
  const [armed, setArmed] = useState<string | null>(null);
  const destructive = isDestructive(request);
  useEffect(() => {
    if (armed === null) return;
    const timer = window.setTimeout(() => setArmed(null), ARMED_MS);
    return () => window.clearTimeout(timer);
  }, [armed]);
  const choose = (choice: Choice) => {
    if (choice.approved && destructive && armed !== choice.key) return setArmed(choice.key);
    if (!answer(request.id, choice.approved, choice.scope)) {
      toast({
        tone: "error",
        text: "The answer did not leave: the connection is lost. Answer again when it is back.",
      });
    }
  };
  useKeys((event) => {
    if (!keys || event.repeat || event.ctrlKey || event.metaKey || (isTyping(event) && !event.altKey)) return;
    if (document.querySelector("dialog[open]")) return;
    const choice = CHOICES.find(
      ({ key }) => event.key === key || (event.altKey && event.code === `Digit${key}`),
    );
    if (!choice) return;
    event.preventDefault();
    choose(choice);
  });
  const armedLabel = CHOICES.find(({ key }) => key === armed)?.label;
  return (
    <section
      aria-label={`Permission for ${request.tool} ${request.operation}`}
      className="overflow-hidden rounded border-2 border-ask/70 bg-surface-1"
    >
      <header className="flex flex-wrap items-center gap-2 bg-ask-soft px-3 py-2">
        <ShieldQuestion size={17} className="text-ask" aria-hidden="true" />
        <h3 className="font-semibold" role="alert">
          May <span className="mono text-sm">{request.tool}</span> do{" "}
          <span className="mono text-sm">{request.operation}</span>?
        </h3>
        <span className="flex-1" />
        {destructive && <Badge tone="deny">cannot be undone</Badge>}
        <Expiry at={request.expiresAt} title="When nobody answers, the call is denied" />
      </header>
      <div className="flex flex-col gap-2 px-3 py-2.5">
        <WhoAsks request={request} />
        {request.subject && (
          <pre className="max-h-40 overflow-auto rounded border border-line bg-surface-2 px-2.5 py-2 text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">
            {request.subject}
          </pre>
        )}
        <Arguments value={request.arguments} hide={request.subject ?? undefined} />
        <p className="text-sm text-soft">
          <Ticks text={request.reason} />
        </p>
      </div>
      <footer className="flex flex-wrap items-center gap-2 border-t border-line px-3 py-2.5 max-sm:grid max-sm:grid-cols-2">
        {CHOICES.map((choice) => (
          <ChoiceButton
            key={choice.key}
            choice={choice}
            armed={armed === choice.key}
            shown={keys}
            onChoose={() => choose(choice)}
          />
        ))}
        <p className="w-full text-xs text-faint max-sm:col-span-2" aria-live="polite">
          {armedLabel ? (
            <strong className="text-deny">
              This cannot be undone. Press “{armedLabel}” again to allow it.
            </strong>
          ) : (
            <>
              “This session” and “Always” allow <code className="text-soft">{request.suggestedRule}</code>
            </>
          )}
        </p>
      </footer>
    </section>
  );
}

function WhoAsks({ request }: { request: PermissionRequest }) {
  const { role, plugin, version } = useAsker(request);
  return (
    <p className="text-sm text-soft">
      {role === null ? (
        "An agent asks"
      ) : (
        <>
          The role <span className="mono text-xs text-text">{role}</span> asks
        </>
      )}
      {plugin !== null && (
        <>
          , with the plugin <span className="mono text-xs text-text">{plugin}</span>
        </>
      )}
      {version !== null && <span className="mono text-xs"> {version}</span>}
    </p>
  );
}

function ChoiceButton({
  choice,
  armed,
  shown,
  onChoose,
}: {
  choice: Choice;
  armed: boolean;
  shown: boolean;
  onChoose: () => void;
}) {
  return (
    <button
      type="button"
      onClick={onChoose}
      aria-keyshortcuts={shown ? choice.key : undefined}
      className={cx(
        "inline-flex h-8 items-center gap-2 rounded border px-2.5 text-sm font-medium whitespace-nowrap max-sm:h-11 max-sm:justify-center",
        armed && "border-deny bg-deny-soft text-deny",
        !armed && choice.approved && "border-allow/50 text-allow hover:bg-allow-soft",
        !choice.approved && "border-deny/50 text-deny hover:bg-deny-soft",
      )}
    >
      {shown && (
        <span className="[@media(hover:none)]:hidden">
          <Kbd>{choice.key}</Kbd>
        </span>
      )}
      {choice.label}
    </button>
  );
}
