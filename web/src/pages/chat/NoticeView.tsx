import { useMutation } from "@tanstack/react-query";
import { CircleStop, Info, PlugZap, TriangleAlert } from "lucide-react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import type { NoticeItem } from "@/conversation/types";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Ticks } from "@/ui/Ticks";

const LOOKS = {
  error: { icon: TriangleAlert, box: "border-deny/50 bg-deny-soft", colour: "text-deny" },
  stopped: { icon: CircleStop, box: "border-line bg-surface-2", colour: "text-soft" },
  interrupted: { icon: PlugZap, box: "border-ask/50 bg-ask-soft", colour: "text-ask" },
  info: { icon: Info, box: "border-line bg-surface-1", colour: "text-info" },
};

interface Props {
  item: NoticeItem;
  sessionId: string;
  /** The last turn can be taken up again where it stopped. */
  canContinue: boolean;
}

/** How a turn ended without an answer, or what a command answered. */
export function NoticeView({ item, sessionId, canContinue }: Props) {
  const { icon: Icon, box, colour } = LOOKS[item.tone];
  const resume = useMutation({
    mutationFn: () => ask(api.POST("/api/sessions/{id}/continue", { params: { path: { id: sessionId } } })),
  });
  return (
    <div
      role={item.tone === "error" ? "alert" : "status"}
      className={cx("flex gap-2.5 rounded border px-3 py-2.5", box)}
    >
      <Icon size={16} aria-hidden="true" className={cx("mt-0.5 shrink-0", colour)} />
      <div className="min-w-0 flex-1">
        <p
          className={cx(
            "[overflow-wrap:anywhere] whitespace-pre-wrap",
            item.tone === "info" ? "mono text-xs leading-5" : undefined,
          )}
        >
          {item.tone === "info" ? item.text : <Ticks text={item.text} />}
        </p>
        {resume.error && <p className="mt-1 text-sm text-deny">{asFailure(resume.error).message}</p>}
        {canContinue && item.tone !== "info" && (
          <Button className="mt-2" busy={resume.isPending} onClick={() => resume.mutate()}>
            {item.tone === "interrupted" ? "Continue where it stopped" : "Try again"}
          </Button>
        )}
      </div>
    </div>
  );
}
