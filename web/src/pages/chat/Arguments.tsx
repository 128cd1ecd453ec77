import { cx } from "@/lib/cx";
import { ChangeView } from "./ChangeView";
import { changeOf } from "./change";

const SHORT = 100;

/**
 * Arguments by their names: short ones on a line, long ones below their name, a text and its replacement as a change. `hide` is what
 * is shown elsewhere.
 */
export function Arguments({ value, hide }: { value: unknown; hide?: string | undefined }) {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object" || Array.isArray(value)) return <Block text={asText(value)} />;
  const change = changeOf(value);
  const entries = Object.entries(value).filter(
    ([name, inner]) => !change?.names.includes(name) && asText(inner) !== hide,
  );
  return (
    <>
      {entries.length > 0 && <Fields entries={entries} />}
      {change && <ChangeView change={change} />}
    </>
  );
}

function Fields({ entries }: { entries: readonly [string, unknown][] }) {
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-1 text-sm">
      {entries.map(([name, inner]) => {
        const text = asText(inner);
        const long = text.length > SHORT || text.includes("\n");
        return (
          <div key={name} className="contents">
            <dt className={cx("mono text-xs leading-5 text-faint", long && "col-span-2")}>{name}</dt>
            <dd className={cx("min-w-0", long && "col-span-2")}>
              {long ? (
                <Block text={text} />
              ) : (
                <code className="text-xs leading-5 [overflow-wrap:anywhere]">{text}</code>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

export function Block({ text, tone }: { text: string; tone?: "error" }) {
  return (
    <pre
      className={cx(
        "max-h-72 overflow-auto rounded border border-line bg-surface-2 px-2.5 py-2 text-xs whitespace-pre-wrap [overflow-wrap:anywhere]",
        tone === "error" && "border-deny/40",
      )}
    >
      {text}
    </pre>
  );
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}
