import { CircleCheck, Info, TriangleAlert, X } from "lucide-react";
import { cx } from "@/lib/cx";
import { Button, IconButton } from "./Button";
import { CopyButton } from "./CopyButton";
import { Ticks } from "./Ticks";
import { closeToast, type Toast, useToasts } from "./toasts";

const ICONS = { ok: CircleCheck, info: Info, error: TriangleAlert };
const COLOURS = { ok: "text-allow", info: "text-info", error: "text-deny" };

export function Toasts() {
  const { toasts } = useToasts();
  return (
    <div
      className="pointer-events-none fixed right-4 bottom-4 z-50 flex w-[min(400px,calc(100vw-32px))] flex-col gap-2"
      aria-live="polite"
    >
      {toasts.map((toast) => (
        <Message key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function Message({ toast }: { toast: Toast }) {
  const Icon = ICONS[toast.tone];
  const { action } = toast;
  return (
    <div
      role={toast.tone === "error" ? "alert" : undefined}
      className="pointer-events-auto flex animate-[appear_120ms] items-start gap-2.5 rounded border border-line bg-surface-1 p-3 shadow"
    >
      <Icon size={16} className={cx("mt-0.5 shrink-0", COLOURS[toast.tone])} aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="[overflow-wrap:anywhere]">
          <Ticks text={toast.text} />
        </p>
        {toast.requestId && (
          <p className="flex items-center gap-1 text-xs text-soft">
            <span className="mono truncate">request {toast.requestId}</span>
            <CopyButton small text={toast.requestId} label="Copy the request id" />
          </p>
        )}
        {action && (
          <Button
            className="mt-2"
            onClick={() => {
              closeToast(toast.id);
              action.run();
            }}
          >
            {action.label}
          </Button>
        )}
      </div>
      <IconButton label="Close the message" className="-my-1.5 -mr-1.5" onClick={() => closeToast(toast.id)}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
