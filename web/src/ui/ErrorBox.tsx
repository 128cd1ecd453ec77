import { TriangleAlert } from "lucide-react";
import { asFailure } from "@/api/errors";
import { cx } from "@/lib/cx";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";
import { Ticks } from "./Ticks";

/** What went wrong and what to do, with the id that the server's log has too. */
export function ErrorBox({
  error,
  onRetry,
  className,
}: {
  error: unknown;
  onRetry?: () => void;
  className?: string;
}) {
  const failure = asFailure(error);
  return (
    <div
      role="alert"
      className={cx("flex gap-2.5 rounded border border-deny/50 bg-deny-soft p-3", className)}
    >
      <TriangleAlert size={16} className="mt-0.5 shrink-0 text-deny" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="[overflow-wrap:anywhere]">
          <Ticks text={failure.message} />
        </p>
        {failure.requestId && (
          <p className="mt-1 flex items-center gap-1 text-xs text-soft">
            <span className="mono truncate">request {failure.requestId}</span>
            <CopyButton text={failure.requestId} label="Copy the request id" small />
          </p>
        )}
        {onRetry && (
          <Button className="mt-2" onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}
