import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import { cx } from "@/lib/cx";

const INPUT =
  "w-full rounded border bg-surface-1 px-2.5 text-base text-text placeholder:text-faint disabled:opacity-60 max-sm:text-lg";

interface Frame {
  label: ReactNode;
  help?: ReactNode;
  error?: string | null | undefined;
}

/** Label above, help below, and the error where the mistake is. */
function Labelled({ id, label, help, error, children }: Frame & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children}
      {error ? (
        <p id={`${id}-note`} className="text-sm text-deny" role="alert">
          {error}
        </p>
      ) : (
        help && (
          <p id={`${id}-note`} className="text-sm text-faint">
            {help}
          </p>
        )
      )}
    </div>
  );
}

function useWiring({ help, error }: Frame) {
  const id = useId();
  const noted = Boolean(help || error);
  return {
    id,
    "aria-invalid": error ? true : undefined,
    "aria-describedby": noted ? `${id}-note` : undefined,
  };
}

const border = (error: unknown) => (error ? "border-deny" : "border-line-strong/60");

export function TextField({
  label,
  help,
  error,
  className,
  ...rest
}: Frame & InputHTMLAttributes<HTMLInputElement>) {
  const wiring = useWiring({ label, help, error });
  return (
    <Labelled id={wiring.id} label={label} help={help} error={error}>
      <input
        type="text"
        {...rest}
        {...wiring}
        className={cx(INPUT, "h-8 max-sm:h-10", border(error), className)}
      />
    </Labelled>
  );
}

export function TextArea({
  label,
  help,
  error,
  className,
  ...rest
}: Frame & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const wiring = useWiring({ label, help, error });
  return (
    <Labelled id={wiring.id} label={label} help={help} error={error}>
      <textarea rows={4} {...rest} {...wiring} className={cx(INPUT, "py-1.5", border(error), className)} />
    </Labelled>
  );
}

export function SelectField({
  label,
  help,
  error,
  className,
  children,
  ...rest
}: Frame & SelectHTMLAttributes<HTMLSelectElement>) {
  const wiring = useWiring({ label, help, error });
  return (
    <Labelled id={wiring.id} label={label} help={help} error={error}>
      <select {...rest} {...wiring} className={cx(INPUT, "h-8 max-sm:h-10", border(error), className)}>
        {children}
      </select>
    </Labelled>
  );
}

export function CheckField({ label, help, ...rest }: Frame & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input
        {...rest}
        type="checkbox"
        id={id}
        aria-describedby={help ? `${id}-note` : undefined}
        className="mt-0.5 size-4 shrink-0 accent-(--c-accent)"
      />
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {help && (
          <p id={`${id}-note`} className="text-sm text-faint">
            {help}
          </p>
        )}
      </div>
    </div>
  );
}

/** A field without a visible label, such as a search. */
export function SearchField({
  label,
  className,
  ...rest
}: { label: string } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      {...rest}
      className={cx(INPUT, "h-8 border-line max-sm:h-10", className)}
    />
  );
}
