import { Columns3, Download } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { download, toCsv } from "@/lib/csv";
import { readStored, writeStored } from "@/lib/stored";
import { Button } from "./Button";
import type { Column } from "./Table";

/** Which columns of a table are left out; kept in this browser by the table's name. */
export function useHidden(name: string): [ReadonlySet<string>, (key: string) => void] {
  const stored = `columns.${name}`;
  const [hidden, setHidden] = useState(() => new Set((readStored(stored) ?? "").split(",").filter(Boolean)));
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    writeStored(stored, [...next].join(","));
    setHidden(next);
  };
  return [hidden, toggle];
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  hidden: ReadonlySet<string>;
  onToggle: (key: string) => void;
  /** As they are shown: filtered and in their order. */
  rows: readonly Row[];
}

/** The choice of columns, and what is shown as a file. */
export function TableTools<Row>({ label, columns, hidden, onToggle, rows }: Props<Row>) {
  const save = () => {
    const shown = columns.filter((column) => !hidden.has(column.key) && textOf(column) !== undefined);
    const cells = rows.map((row) => shown.map((column) => textOf(column)?.(row) ?? ""));
    const name = label.toLowerCase().replaceAll(/\s+/g, "-");
    download(`${name}.csv`, toCsv([shown.map((column) => column.title), ...cells]), "text/csv");
  };
  return (
    <div className="flex justify-end gap-1.5">
      <Choice columns={columns.filter((column) => column.title !== "")} hidden={hidden} onToggle={onToggle} />
      <Button look="quiet" icon={<Download size={14} />} onClick={save} title="Save what is shown as CSV">
        CSV
      </Button>
    </div>
  );
}

const textOf = <Row,>(column: Column<Row>) => column.text ?? column.sort;

function Choice<Row>({
  columns,
  hidden,
  onToggle,
}: {
  columns: readonly Column<Row>[];
  hidden: ReadonlySet<string>;
  onToggle: (key: string) => void;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const last = columns.filter((column) => !hidden.has(column.key)).length <= 1;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is the fields' inside
    <div
      ref={box}
      className="relative"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        setOpen(false);
        box.current?.querySelector("button")?.focus();
      }}
    >
      <Button
        look="quiet"
        icon={<Columns3 size={14} />}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        Columns
      </Button>
      {open && (
        <fieldset
          id={id}
          className="absolute top-full right-0 z-20 mt-1 flex min-w-44 flex-col rounded border border-line bg-surface-1 py-1 shadow"
        >
          <legend className="sr-only">Columns</legend>
          {columns.map((column) => {
            const shown = !hidden.has(column.key);
            return (
              <label
                key={column.key}
                className="flex h-8 cursor-pointer items-center gap-2 px-3 text-sm hover:bg-surface-2"
              >
                <input
                  type="checkbox"
                  className="size-4 shrink-0 accent-(--c-accent)"
                  checked={shown}
                  disabled={shown && last}
                  onChange={() => onToggle(column.key)}
                />
                {column.title}
              </label>
            );
          })}
        </fieldset>
      )}
    </div>
  );
}
