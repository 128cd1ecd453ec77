import { CloudOff } from "lucide-react";
import { cx } from "@/lib/cx";
import { useNow } from "@/lib/hooks";
import { retryNow, useLive } from "@/live/store";
import { Button } from "@/ui/Button";

const WORDS = {
  idle: "not connected",
  connecting: "connecting",
  online: "connected",
  offline: "connection lost",
};

/** The state of the connection; the word is read out and shown as a tip. */
export function ConnectionDot() {
  const status = useLive((state) => state.status);
  return (
    <span
      role="status"
      title={`Server: ${WORDS[status]}`}
      className="flex size-5 items-center justify-center"
    >
      <span
        className={cx(
          "size-2 rounded-full",
          status === "online" && "bg-allow",
          status === "offline" && "bg-deny",
          (status === "connecting" || status === "idle") && "animate-pulse bg-ask",
        )}
      />
      <span className="sr-only">Server: {WORDS[status]}</span>
    </span>
  );
}

/** Says that what is shown may be old, and when the next attempt begins. */
export function ConnectionBanner() {
  const status = useLive((state) => state.status);
  const wasOnline = useLive((state) => state.wasOnline);
  const lost = status === "offline" || (status === "connecting" && wasOnline);
  return lost ? <Lost /> : null;
}

function Lost() {
  const { retryAt, reason, status } = useLive();
  const now = useNow(500);
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <div
      role="status"
      className="flex shrink-0 items-center gap-2.5 border-b border-ask/40 bg-ask-soft px-4 py-1.5 text-sm"
    >
      <CloudOff size={15} className="shrink-0 text-ask" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate" title={reason ?? undefined}>
        The connection to the server is lost.{" "}
        {status === "connecting" ? "Connecting…" : `Next attempt in ${seconds} s.`}{" "}
        <span className="max-sm:hidden">What you write is kept; what you miss is loaded then.</span>
      </span>
      <Button className="h-7!" onClick={retryNow} disabled={status === "connecting"}>
        Try now
      </Button>
    </div>
  );
}
