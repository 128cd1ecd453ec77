import {
  ChevronRight,
  CircleCheck,
  CircleDashed,
  CircleX,
  Download,
  LoaderCircle,
  ShieldQuestion,
} from "lucide-react";
import { useId } from "react";
import type { ToolItem, ToolState } from "@/conversation/types";
import { cx } from "@/lib/cx";
import { useFold } from "@/lib/folds";
import { duration } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { CopyButton } from "@/ui/CopyButton";
import { Badge } from "@/ui/parts";
import { Arguments, asText, Block } from "./Arguments";
import { GivenFiles } from "./AttachmentChips";

const STATES = {
  running: { word: "running", icon: LoaderCircle, colour: "text-agent" },
  waiting: { word: "waits for you", icon: ShieldQuestion, colour: "text-ask" },
  done: { word: "done", icon: CircleCheck, colour: "text-allow" },
  error: { word: "failed", icon: CircleX, colour: "text-deny" },
  unfinished: { word: "not finished", icon: CircleDashed, colour: "text-faint" },
} satisfies Record<ToolState, unknown>;

const RESOLUTIONS = {
  once: ["allow", "allowed once"],
  session: ["allow", "allowed for this session"],
  always: ["allow", "always allowed"],
  deny: ["deny", "denied"],
  expired: ["deny", "nobody answered"],
} as const;

/** One call of a tool, folded to a line. */
export function ToolCard({ tool }: { tool: ToolItem }) {
  const [open, toggle] = useFold(`tool-${tool.id}`);
  const bodyId = useId();
  const { word, icon: Icon, colour } = STATES[tool.state];
  const [group, operation] = tool.name.split("__");
  return (
    <div className="rounded border border-line bg-surface-1">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={bodyId}
        onClick={toggle}
        className="flex min-h-8 w-full items-center gap-2 rounded px-2.5 py-1 text-left text-sm hover:bg-surface-2"
      >
        <Icon
          size={15}
          aria-label={word}
          className={cx(
            "shrink-0",
            colour,
            tool.state === "running" && "animate-spin motion-reduce:animate-none",
          )}
        />
        <span className="mono shrink-0 text-xs font-medium">
          {group}
          {operation && <span className="text-soft"> {operation}</span>}
        </span>
        <span className="min-w-0 flex-1 truncate text-soft">{headline(tool)}</span>
        {tool.state === "error" && <span className="text-xs text-deny">failed</span>}
        <Time tool={tool} />
        <ChevronRight
          size={14}
          className={cx("shrink-0 text-faint transition-transform", open && "rotate-90")}
          aria-hidden="true"
        />
      </button>
      {tool.files && (
        <div className="border-t border-line px-3 py-2.5">
          <GivenFiles files={tool.files} label="Files of this result" />
        </div>
      )}
      {open && (
        <div id={bodyId} className="flex flex-col gap-2.5 border-t border-line px-3 py-2.5">
          <Arguments value={tool.arguments} />
          <Result tool={tool} />
          <div className="flex flex-wrap items-center gap-2 text-xs text-faint">
            <span>{word}</span>
            {tool.resolution && (
              <Badge tone={RESOLUTIONS[tool.resolution][0]}>{RESOLUTIONS[tool.resolution][1]}</Badge>
            )}
            {tool.artifactId && (
              <a
                className="inline-flex items-center gap-1 text-accent underline"
                href={`/api/artifacts/${tool.artifactId}/raw`}
                download
              >
                <Download size={12} aria-hidden="true" /> the whole result
              </a>
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function Result({ tool }: { tool: ToolItem }) {
  if (tool.result === undefined || tool.result === "") return null;
  return (
    <div className="relative">
      <Block text={tool.result} {...(tool.state === "error" && { tone: "error" as const })} />
      <span className="absolute top-1 right-1 rounded bg-surface-2">
        <CopyButton small text={tool.result} label="Copy the result" />
      </span>
    </div>
  );
}

/** The one thing a person wants to know without opening the card. */
function headline(tool: ToolItem): string {
  if (tool.state === "waiting") return "waits for your answer";
  if (tool.progress) {
    const { fraction, message } = tool.progress;
    return fraction === null ? message : `${Math.round(fraction * 100)} % ${message}`;
  }
  if (tool.resolution === "deny") return "you said no";
  if (tool.state === "error" && tool.summary) return tool.summary;
  return firstArgument(tool.arguments) || tool.summary || "";
}

/** Usually the path, the command or the address. */
export function firstArgument(value: unknown): string {
  if (value === null || typeof value !== "object") return "";
  const values = Object.values(value).map((inner) => asText(inner).replace(/\s+/g, " "));
  return values.find((text) => text !== "") ?? "";
}

function Time({ tool }: { tool: ToolItem }) {
  if (tool.durationMs !== undefined) {
    return <span className="shrink-0 text-xs text-faint tabular-nums">{duration(tool.durationMs)}</span>;
  }
  return tool.state === "running" ? <Elapsed since={tool.at} /> : null;
}

/** Counts up while something runs. */
export function Elapsed({ since }: { since: string }) {
  const now = useNow(500);
  return (
    <span className="shrink-0 text-xs text-faint tabular-nums">
      {duration(Math.max(0, now - Date.parse(since)))}
    </span>
  );
}
