import { useNavigate } from "@tanstack/react-router";
import { CircleCheck, CircleX, type LucideIcon, ShieldQuestion } from "lucide-react";
import { markRead } from "@/api/notifications";
import type { Notification } from "@/api/types";
import { cx } from "@/lib/cx";
import { When } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { toast } from "@/ui/toasts";

const KINDS: Record<Notification["kind"], { icon: LucideIcon; colour: string; word: string }> = {
  agent_completed: { icon: CircleCheck, colour: "text-allow", word: "done" },
  agent_failed: { icon: CircleX, colour: "text-deny", word: "failed" },
  permission_request: { icon: ShieldQuestion, colour: "text-ask", word: "waits for you" },
};

/** What happened, and the way to it. Opening it makes it read. */
export function NotificationRow({ one, onOpen }: { one: Notification; onOpen?: () => void }) {
  const navigate = useNavigate();
  const { icon: Icon, colour, word } = KINDS[one.kind];
  const open = () => {
    onOpen?.();
    if (!one.readAt) markRead(one.id).catch((error: Error) => toast({ tone: "error", text: error.message }));
    if (one.sessionId) void navigate({ to: "/chat/$sessionId", params: { sessionId: one.sessionId } });
  };
  return (
    <button
      type="button"
      onClick={open}
      className="flex w-full items-start gap-3 px-4 py-2.5 text-left hover:bg-surface-2"
    >
      <Icon size={16} aria-label={word} className={cx("mt-0.5 shrink-0", colour)} />
      <span className="min-w-0 flex-1">
        <span className={cx("block [overflow-wrap:anywhere]", !one.readAt && "font-semibold")}>
          <Ticks text={one.title} />
        </span>
        {one.body && (
          <span className="line-clamp-2 text-sm text-soft [overflow-wrap:anywhere]">{one.body}</span>
        )}
        <span className="block text-xs text-faint">
          <When at={one.createdAt} />
        </span>
      </span>
      {!one.readAt && (
        <span className="mt-1.5 size-2 shrink-0 rounded-full bg-accent">
          <span className="sr-only">unread</span>
        </span>
      )}
    </button>
  );
}
