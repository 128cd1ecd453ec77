// Small things that every page is made of.
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { ago, dateTime } from "@/lib/format";
import { useDelay, useNow } from "@/lib/hooks";

export type Tone = "neutral" | "allow" | "ask" | "deny" | "info" | "agent" | "accent";

const TONES: Record<Tone, string> = {
  neutral: "bg-surface-2 text-soft",
  allow: "bg-allow-soft text-allow",
  ask: "bg-ask-soft text-ask",
  deny: "bg-deny-soft text-deny",
  info: "bg-info-soft text-info",
  agent: "bg-agent-soft text-agent",
  accent: "bg-accent-soft text-accent",
};

/** A state in a word; the icon says it too, so the colour is never alone. */
export function Badge({
  tone = "neutral",
  icon,
  children,
}: {
  tone?: Tone;
  icon?: ReactNode;
  children: ReactNode;
}) {
  return (
    <span
      className={cx(
        "inline-flex h-5 items-center gap-1 rounded px-1.5 text-xs font-medium whitespace-nowrap",
        TONES[tone],
      )}
    >
      {icon}
      {children}
    </span>
  );
}

export function Card({
  title,
  actions,
  children,
  className,
}: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={cx("rounded border border-line bg-surface-1", className)}>
      {(title || actions) && (
        <header className="flex min-h-11 items-center justify-between gap-2 border-b border-line px-4 py-1.5">
          <h2 className="text-base font-semibold">{title}</h2>
          {actions}
        </header>
      )}
      <div className="p-4">{children}</div>
    </section>
  );
}

/** Says what belongs here, and how the first one comes to be. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <div className="text-faint" aria-hidden="true">
        {icon}
      </div>
      <h2 className="text-base font-semibold">{title}</h2>
      {children && <div className="max-w-md text-soft">{children}</div>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}

/** Grey bars in the shape of what is to come, once waiting is worth showing. */
export function Skeleton({ rows = 4, className }: { rows?: number; className?: string }) {
  const shown = useDelay(200);
  return (
    <div role="status" aria-label="Loading" className={cx("flex flex-col gap-2.5", className)}>
      {shown &&
        Array.from({ length: rows }, (_, row) => (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: the bars have nothing but their place
            key={row}
            className="h-4 animate-pulse rounded bg-surface-3"
            style={{ width: `${[92, 74, 84, 58][row % 4]}%` }}
          />
        ))}
    </div>
  );
}

/** When something was, short; the whole date is one hover away. */
export function When({ at }: { at: string }) {
  const now = useNow(30_000);
  return (
    <time dateTime={at} title={dateTime(at)} className="whitespace-nowrap">
      {ago(at, now)}
    </time>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line bg-surface-2 px-1 text-xs text-soft">
      {children}
    </kbd>
  );
}

/** Facts by their names. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(96px,auto)_1fr] gap-x-4 gap-y-2">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
