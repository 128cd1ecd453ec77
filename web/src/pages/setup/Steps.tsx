import { Check } from "lucide-react";
import { cx } from "@/lib/cx";

const NAMES = ["Account", "Model", "Chat"];

export function Steps({ current }: { current: number }) {
  return (
    <ol className="mb-5 flex items-center gap-2 text-sm">
      {NAMES.map((name, index) => {
        const done = index + 1 < current;
        const now = index + 1 === current;
        return (
          <li key={name} aria-current={now ? "step" : undefined} className="flex items-center gap-2">
            {index > 0 && <span className="h-px w-5 bg-line-strong" aria-hidden="true" />}
            <span
              aria-hidden="true"
              className={cx(
                "flex size-5 items-center justify-center rounded-full text-xs font-semibold",
                now
                  ? "bg-accent text-on-accent"
                  : done
                    ? "bg-accent-soft text-accent"
                    : "bg-surface-3 text-soft",
              )}
            >
              {done ? <Check size={12} /> : index + 1}
            </span>
            <span className={now ? "font-medium" : "text-soft"}>{name}</span>
          </li>
        );
      })}
    </ol>
  );
}
