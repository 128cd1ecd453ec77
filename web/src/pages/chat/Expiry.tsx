import { useNow } from "@/lib/hooks";

/** How long a question still waits. */
export function Expiry({ at, title }: { at: string; title: string }) {
  const now = useNow(1000);
  const seconds = Math.max(0, Math.round((Date.parse(at) - now) / 1000));
  const text = seconds > 90 ? `${Math.round(seconds / 60)} min` : `${seconds} s`;
  return (
    <span className="text-xs text-soft tabular-nums" title={title}>
      {seconds === 0 ? "expired" : `${text} left`}
    </span>
  );
}
