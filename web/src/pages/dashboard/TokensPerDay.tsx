import { useState } from "react";
import type { Agent, Model } from "@/api/types";
import { type Total, totalOf } from "@/lib/cost";
import { cx } from "@/lib/cx";
import { compact, number, usd } from "@/lib/format";
import { useNow } from "@/lib/hooks";
import { Button } from "@/ui/Button";
import { type Column, Table } from "@/ui/Table";

const DAYS = 14;
const DAY_MS = 86_400_000;
const DAY_NAME = new Intl.DateTimeFormat(undefined, { weekday: "narrow" });
const DAY_TITLE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

interface Day extends Total {
  day: Date;
}

const tokensOf = (day: Day) => day.inputTokens + day.outputTokens;

/** A bar for each of the last two weeks' days; the numbers are in each bar's tip, read out, and a table one click away. */
export function TokensPerDay({ agents, models }: { agents: readonly Agent[]; models: readonly Model[] }) {
  const now = useNow(600_000);
  const [numbers, setNumbers] = useState(false);
  const days = Array.from({ length: DAYS }, (_, index) => new Date(now - (DAYS - 1 - index) * DAY_MS));
  const sums = days.map((day): Day => {
    const own = agents.filter((agent) => new Date(agent.startedAt).toDateString() === day.toDateString());
    return { day, ...totalOf(own, models) };
  });
  const most = Math.max(0, ...sums.map(tokensOf));
  return (
    <div>
      {numbers ? (
        <div className="max-h-60 overflow-y-auto">
          <Table
            label="Tokens per day"
            rows={sums}
            columns={COLUMNS}
            rowKey={({ day }) => day.toDateString()}
          />
        </div>
      ) : (
        <Bars sums={sums} most={most} />
      )}
      <div className="mt-2 flex flex-wrap items-center justify-between gap-2">
        <p className="text-xs text-faint">
          Highest day: {compact(most)} tokens. Of the newest {agents.length} agents, at prices of today; side
          questions and summaries are not in it.
        </p>
        <Button look="quiet" className="h-7!" aria-pressed={numbers} onClick={() => setNumbers(!numbers)}>
          {numbers ? "As a chart" : "As numbers"}
        </Button>
      </div>
    </div>
  );
}

const COLUMNS: readonly Column<Day>[] = [
  { key: "day", title: "Day", cell: ({ day }) => DAY_TITLE.format(day), sort: ({ day }) => day.getTime() },
  {
    key: "in",
    title: "In",
    cell: ({ inputTokens }) => number(inputTokens),
    sort: ({ inputTokens }) => inputTokens,
    align: "right",
  },
  {
    key: "out",
    title: "Out",
    cell: ({ outputTokens }) => number(outputTokens),
    sort: ({ outputTokens }) => outputTokens,
    align: "right",
  },
  {
    key: "cost",
    title: "Cost, about",
    cell: ({ cost }) => (cost === null ? "–" : usd(cost)),
    sort: ({ cost }) => cost ?? -1,
    align: "right",
  },
];

function Bars({ sums, most }: { sums: readonly Day[]; most: number }) {
  return (
    <ol className="flex h-32 items-end gap-1.5" aria-label="Tokens per day">
      {sums.map((sum, index) => {
        const { day, cost } = sum;
        const tokens = tokensOf(sum);
        const title = `${DAY_TITLE.format(day)}: ${number(tokens)} tokens${cost === null ? "" : `, about ${usd(cost)}`}`;
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
  );
}
