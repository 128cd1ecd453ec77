import { Link } from "@tanstack/react-router";
import { ChevronRight, CornerDownRight, RotateCcw, Scissors, Trash2 } from "lucide-react";
import { memo } from "react";
import type { MessageItem } from "@/conversation/types";
import { cx } from "@/lib/cx";
import { useFold } from "@/lib/folds";
import { dateTime, number } from "@/lib/format";
import { dropItem, say } from "@/live/store";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { Markdown } from "@/ui/Markdown";
import { Ticks } from "@/ui/Ticks";
import { MessageFiles } from "./AttachmentChips";

/** What a person or the agent said. */
export const MessageView = memo(function MessageView({
  item,
  sessionId,
}: {
  item: MessageItem;
  sessionId: string;
}) {
  return item.role === "user" ? <FromUser item={item} sessionId={sessionId} /> : <FromAgent item={item} />;
});

function FromUser({ item, sessionId }: { item: MessageItem; sessionId: string }) {
  const again = () => {
    if (say(sessionId, item.text, null, item.attachments)) dropItem(sessionId, item.id);
  };
  return (
    <div className="group flex flex-col items-end gap-1">
      <h3 className="sr-only">You</h3>
      {item.text && (
        <div
          title={dateTime(item.at)}
          className={cx(
            "max-w-[88%] rounded border border-line bg-surface-2 px-3.5 py-2 text-[15px] leading-6 whitespace-pre-wrap [overflow-wrap:anywhere]",
            item.sending === "sending" && "opacity-70",
            item.sending === "failed" && "border-deny",
          )}
        >
          {item.text}
        </div>
      )}
      {item.attachments && <MessageFiles files={item.attachments} />}
      {item.injected && item.sending !== "failed" && (
        <p className="flex items-center gap-1 text-xs text-faint">
          <CornerDownRight size={12} aria-hidden="true" /> said while it worked
        </p>
      )}
      {item.sending === "failed" && (
        <div className="flex flex-wrap items-center justify-end gap-1.5 text-sm text-deny" role="alert">
          <span className="[overflow-wrap:anywhere]">
            {item.problem ? <Ticks text={item.problem} /> : "Not sent"}
          </span>
          <Button icon={<RotateCcw size={13} />} onClick={again}>
            Send again
          </Button>
          <Button icon={<Trash2 size={13} />} onClick={() => dropItem(sessionId, item.id)}>
            Discard
          </Button>
        </div>
      )}
    </div>
  );
}

function FromAgent({ item }: { item: MessageItem }) {
  return (
    <div className="group">
      <h3 className="sr-only">octi</h3>
      {item.reasoning && <Reasoning id={item.id} text={item.reasoning} />}
      {item.text && <Markdown text={item.text} />}
      {item.cut && (
        <p className="mt-1 flex items-center gap-1.5 text-sm text-ask">
          <Scissors size={14} aria-hidden="true" className="shrink-0" />
          Cut off here. Only this page has these words; copy them if you need them.
        </p>
      )}
      {item.text && (
        <div className="mt-0.5 flex min-h-7 flex-wrap items-center gap-x-2 text-xs text-faint opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 [@media(hover:none)]:opacity-100">
          <CopyButton small text={item.text} label="Copy the answer" />
          <span>{dateTime(item.at)}</span>
          {item.model && <span className="mono">{item.model}</span>}
          {item.usage && (
            <span className="tabular-nums">
              {item.usage.estimated && "about "}
              {number(item.usage.inputTokens)} in, {number(item.usage.outputTokens)} out
            </span>
          )}
          {item.skills && <SkillsGiven names={item.skills} />}
        </div>
      )}
    </div>
  );
}

/** The skills that an answer was helped by. */
export function SkillsGiven({ names }: { names: readonly string[] }) {
  return (
    <Link to="/skills" className="hover:text-text hover:underline" title={names.join(", ")}>
      skills({names.length}) <span className="sr-only">{names.join(", ")}</span>
    </Link>
  );
}

/** What the model thought, folded: it is not part of the answer. */
export function Reasoning({ id, text, live = false }: { id: string; text: string; live?: boolean }) {
  const [open, toggle] = useFold(`thoughts-${id}`);
  return (
    <div className="mb-2">
      <button
        type="button"
        aria-expanded={open}
        onClick={toggle}
        className="inline-flex h-7 items-center gap-1 rounded text-sm text-soft hover:text-text"
      >
        <ChevronRight
          size={14}
          className={cx("transition-transform", open && "rotate-90")}
          aria-hidden="true"
        />
        {live ? "Thinking…" : "Thoughts"}
      </button>
      {open && (
        <p className="border-l-2 border-line pl-3 text-sm whitespace-pre-wrap text-soft [overflow-wrap:anywhere]">
          {text}
        </p>
      )}
    </div>
  );
}
