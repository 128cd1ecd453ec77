import { useQuery } from "@tanstack/react-query";
import { pluginHealthQuery } from "@/api/plugins";
import type { CallSums, PluginHealth } from "@/api/types";
import { bytes, number } from "@/lib/format";
import { Loaded } from "@/ui/Page";
import { Card, When } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { counts, errorsOf, micros } from "./numbers";

const LINES: readonly (readonly [string, (sums: CallSums) => string])[] = [
  ["Calls", (sums) => number(sums.calls ?? 0)],
  ["Errors", (sums) => (errorsOf(sums) === 0 ? "none" : counts(sums.errors))],
  ["Half take at most", (sums) => micros(sums.p50Us)],
  ["95 % take at most", (sums) => micros(sums.p95Us)],
  ["Most memory of a call", (sums) => (sums.memoryPeakBytes ? bytes(sums.memoryPeakBytes) : "–")],
  ["Sent over the network", (sums) => sent(sums, sums.sentBytes)],
  ["Received", (sums) => sent(sums, sums.receivedBytes)],
  ["Refused, no grant", (sums) => counts(sums.denials)],
  ["Refused, over a quota", (sums) => number(sums.quotaRefusals ?? 0)],
];

/** What went over the network; what runs in a process of its own, and so has no memory here, says nothing of it. */
function sent(sums: CallSums, size = 0) {
  return sums.calls && !sums.memoryPeakBytes ? "–" : bytes(size);
}

/** How a plugin has been doing, for who looks after it: all calls of everybody together. */
export function Health({ id }: { id: string }) {
  const query = useQuery(pluginHealthQuery(id));
  return (
    <Card title="Health and cost" className="min-w-0 lg:col-span-2">
      <Loaded query={query}>
        {(health) =>
          health.total.calls === 0 && health.refusals.length === 0 ? (
            <p className="text-soft">
              Nothing has called it since octi started. Calls, errors, times, memory and traffic stand here
              then.
            </p>
          ) : (
            <div className="flex flex-col gap-4">
              <Numbers health={health} />
              <Refusals health={health} />
            </div>
          )
        }
      </Loaded>
    </Card>
  );
}

function Numbers({ health }: { health: PluginHealth }) {
  return (
    <div>
      <table className="w-full text-left text-sm" aria-label="Calls">
        <thead className="text-soft">
          <tr>
            <th scope="col" className="pb-1 font-medium">
              <span className="sr-only">What</span>
            </th>
            <th scope="col" className="pb-1 pr-4 font-medium">
              Last hour
            </th>
            <th scope="col" className="pb-1 font-medium">
              Since octi started
            </th>
          </tr>
        </thead>
        <tbody>
          {LINES.map(([name, of]) => (
            <tr key={name} className="border-t border-line">
              <th scope="row" className="py-1 pr-4 font-normal text-soft">
                {name}
              </th>
              <td className="py-1 pr-4 tabular-nums [overflow-wrap:anywhere]">{of(health.lastHour)}</td>
              <td className="py-1 tabular-nums [overflow-wrap:anywhere]">{of(health.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-2 text-sm text-faint">
        {health.active > 0 && `${health.active} ${health.active === 1 ? "call runs" : "calls run"} now. `}
        {health.lastCallAt && (
          <>
            The last call ended <When at={health.lastCallAt} />.
          </>
        )}
      </p>
    </div>
  );
}

function Refusals({ health }: { health: PluginHealth }) {
  if (health.refusals.length === 0) return null;
  return (
    <section aria-label="What it was refused last">
      <h3 className="mb-1 text-sm font-medium">What it was refused last</h3>
      <ul className="flex flex-col gap-1.5 text-sm">
        {health.refusals.map(({ at, capability, text }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two refusals of one moment are alike
          <li key={`${at} ${index}`} className="[overflow-wrap:anywhere]">
            <span className="text-faint">
              <When at={at} /> {capability}:
            </span>{" "}
            <Ticks text={text} />
          </li>
        ))}
      </ul>
    </section>
  );
}
