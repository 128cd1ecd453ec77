import type { ButtonHTMLAttributes, ReactNode } from "react";
import { cx } from "@/lib/cx";

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:bg-accent-strong font-medium",
  plain: "bg-surface-1 text-text border-line hover:bg-surface-2",
  quiet: "bg-transparent text-soft border-transparent hover:bg-surface-2 hover:text-text",
  danger: "bg-surface-1 text-deny border-line hover:bg-deny-soft hover:border-deny",
};

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** The work goes on: the button waits and says so. */
  busy?: boolean;
  icon?: ReactNode;
}

export function Button({
  look = "plain",
  busy = false,
  icon,
  className,
  children,
  disabled,
  ...rest
}: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={cx(
        "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded border px-3 text-sm whitespace-nowrap transition-colors select-none disabled:opacity-55 max-sm:h-9",
        LOOKS[look],
        className,
      )}
    >
      {icon}
      {children}
      {busy && <span aria-hidden="true">…</span>}
    </button>
  );
}

/** A button that is only an icon; its label is read out and shown as a tip. */
export function IconButton({
  label,
  children,
  className,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { label: string }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={cx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded text-soft transition-colors hover:bg-surface-2 hover:text-text disabled:opacity-50 max-sm:size-9",
        className,
      )}
    >
      {children}
    </button>
  );
}
