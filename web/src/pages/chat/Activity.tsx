import { Link } from "@tanstack/react-router";
import { Bot, Square, X } from "lucide-react";
import type { ReactNode } from "react";
import type { Conversation, Item, ToolItem } from "@/conversation/types";
import { costNote, costText } from "@/lib/cost";
import { cx } from "@/lib/cx";
import { number } from "@/lib/format";
import { stopAgent } from "@/live/store";
import { Button, IconButton } from "@/ui/Button";
import { Badge } from "@/ui/parts";
import { Asides } from "./Asides";
import { Elapsed, firstArgument } from "./ToolCard";

/** What the agent does at this moment, and what the conversation has used. */
export function Activity({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const { turn, items } = conversation;
  return (
    <aside aria-label="Activity" className="flex h-full flex-col overflow-y-auto">
      <header className="flex h-12 shrink-0 items-center justify-between border-b border-line pr-2 pl-4">
        <h2 className="font-semibold">Activity</h2>
        <IconButton label="Close the activity" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <Section title="Now">
        {turn ? (
          <div className="flex flex-col gap-2">
            <div className="flex items-center gap-2">
              <Bot size={16} className="text-agent" aria-hidden="true" />
              <Link
                to="/agents/$agentId"
                params={{ agentId: turn.agentId }}
                className="min-w-0 flex-1 truncate font-medium hover:underline"
              >
                {turn.role.split("/").at(-1) || "agent"}
              </Link>
              <Elapsed since={turn.startedAt} />
            </div>
            <CurrentTool items={items} />
            <div className="flex items-center justify-between text-sm text-soft">
              <span>
                step <span className="tabular-nums">{turn.iteration || 1}</span>
              </span>
              <span className="mono truncate text-xs">{turn.model}</span>
            </div>
            {turn.skills.length > 0 && (
              <p className="text-sm text-soft [overflow-wrap:anywhere]">
                skills({turn.skills.length}){" "}
                <Link to="/skills" className="mono text-xs hover:underline">
                  {turn.skills.join(", ")}
                </Link>
              </p>
            )}
            <Button
              look="danger"
              icon={<Square size={12} fill="currentColor" />}
              onClick={() => stopAgent(turn.agentId)}
            >
              Stop
            </Button>
          </div>
        ) : (
          <p className="text-sm text-faint">Nothing runs. The next message starts a turn.</p>
        )}
      </Section>
      {conversation.asides.length > 0 && (
        <Section title="Asked beside">
          <Asides asides={conversation.asides} />
        </Section>
      )}
      <Section title="This conversation">
        <Usage conversation={conversation} />
      </Section>
      <Section title="Tools used">
        <ToolsUsed items={items} />
      </Section>
    </aside>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="border-b border-line px-4 py-3 last:border-b-0">
      <h3 className="mb-2 text-xs font-semibold text-soft">{title}</h3>
      {children}
    </section>
  );
}

function CurrentTool({ items }: { items: readonly Item[] }) {
  const active = items.filter(
    (item): item is ToolItem =>
      item.kind === "tool" && (item.state === "running" || item.state === "waiting"),
  );
  if (active.length === 0) return <p className="text-sm text-soft">the model is writing</p>;
  return active.map((tool) => (
    <div key={tool.id} className="rounded border border-line bg-surface-2 px-2.5 py-1.5">
      <div className="flex items-center gap-2">
        <span className="mono min-w-0 flex-1 truncate text-xs font-medium">
          {tool.name.replace("__", " ")}
        </span>
        {tool.state === "waiting" ? <Badge tone="ask">waits for you</Badge> : <Elapsed since={tool.at} />}
      </div>
      <p className="mono mt-0.5 line-clamp-3 text-xs text-soft [overflow-wrap:anywhere]">
        {firstArgument(tool.arguments)}
      </p>
      {tool.progress && <p className="mt-1 text-xs text-soft">{tool.progress.message}</p>}
    </div>
  ));
}

function Usage({ conversation: { usage, cost } }: { conversation: Conversation }) {
  const about = cost !== null && cost.estimatedCalls > 0 ? "about " : "";
  const said = (count: number | undefined) => (count === undefined ? "…" : `${about}${number(count)}`);
  const note = cost && costNote(cost);
  return (
    <>
      <dl className="grid grid-cols-2 gap-y-1.5 text-sm">
        <Figure name="turns" value={number(Object.keys(usage).length)} />
        <Figure name="model calls" value={cost ? number(cost.calls) : "…"} />
        <Figure name="tokens in" value={said(cost?.inputTokens)} />
        <Figure name="tokens out" value={said(cost?.outputTokens)} />
        <Figure name="cost" value={cost ? costText(cost) : "…"} />
      </dl>
      {note && <p className="mt-1.5 text-xs text-faint">{note}</p>}
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt className="text-soft">{name}</dt>
      <dd className="text-right tabular-nums">{value}</dd>
    </>
  );
}

function ToolsUsed({ items }: { items: readonly Item[] }) {
  const counts = new Map<string, { calls: number; errors: number }>();
  for (const item of items) {
    if (item.kind !== "tool") continue;
    const old = counts.get(item.name) ?? { calls: 0, errors: 0 };
    counts.set(item.name, { calls: old.calls + 1, errors: old.errors + (item.state === "error" ? 1 : 0) });
  }
  if (counts.size === 0) return <p className="text-sm text-faint">None yet.</p>;
  return (
    <ul className="flex flex-col gap-1 text-sm">
      {[...counts].map(([name, { calls, errors }]) => (
        <li key={name} className="flex items-center justify-between gap-2">
          <span className="mono truncate text-xs">{name.replace("__", " ")}</span>
          <span className="shrink-0 tabular-nums">
            {errors > 0 && <span className={cx("mr-2 text-xs text-deny")}>{errors} failed</span>}
            {calls}
          </span>
        </li>
      ))}
    </ul>
  );
}
