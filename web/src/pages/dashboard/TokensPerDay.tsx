import type { Agent, Model } from "@/api/types";
import { totalOf } from "@/lib/cost";
import { cx } from "@/lib/cx";
import { compact, number, usd } from "@/lib/format";
import { useNow } from "@/lib/hooks";

const DAYS = 14;
const DAY_MS = 86_400_000;
const DAY_NAME = new Intl.DateTimeFormat(undefined, { weekday: "narrow" });
const DAY_TITLE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** A bar for each of the last two weeks' days; the numbers are in each bar's tip and read out. */
export function TokensPerDay({ agents, models }: { agents: readonly Agent[]; models: readonly Model[] }) {
  const now = useNow(600_000);
  const days = Array.from({ length: DAYS }, (_, index) => new Date(now - (DAYS - 1 - index) * DAY_MS));
  const sums = days.map((day) => {
    const own = agents.filter((agent) => new Date(agent.startedAt).toDateString() === day.toDateString());
    return { day, ...totalOf(own, models) };
  });
  const most = Math.max(1, ...sums.map((sum) => sum.inputTokens + sum.outputTokens));
  return (
    <div>
      <ol className="flex h-32 items-end gap-1.5" aria-label="Tokens per day">
        {sums.map(({ day, inputTokens, outputTokens, cost }, index) => {
          const tokens = inputTokens + outputTokens;
          const title = `${DAY_TITLE.format(day)}: ${number(tokens)} tokens${cost === null ? "" : `, ${usd(cost)}`}`;
          return (
            <li
              key={day.toDateString()}
              title={title}
              className="flex h-full flex-1 flex-col items-center justify-end gap-1"
            >
              <span className="sr-only">{title}</span>
              <span
                aria-hidden="true"
                className={cx("w-full rounded-t-[3px]", tokens > 0 ? "bg-accent" : "bg-surface-3")}
                style={{ height: tokens > 0 ? `${Math.max(4, (tokens / most) * 82)}%` : "2px" }}
              />
              <span
                aria-hidden="true"
                className={cx("text-xs", index === DAYS - 1 ? "font-semibold" : "text-faint")}
              >
                {DAY_NAME.format(day)}
              </span>
            </li>
          );
        })}
      </ol>
      <p className="mt-2 text-xs text-faint">
        Highest day: {compact(most === 1 ? 0 : most)} tokens. Of the newest {agents.length} agents.
      </p>
    </div>
  );
}
