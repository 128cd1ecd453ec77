import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useState } from "react";
import { cx } from "@/lib/cx";
import { TableTools, useHidden } from "./TableTools";

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** What the column is sorted by; without it, it is not. */
  sort?: (row: Row) => string | number;
  /** What it is in a file, when that is not what it is sorted by. */
  text?: (row: Row) => string | number;
  /** Left out where the screen is narrow. */
  wideOnly?: boolean;
  align?: "right";
}

interface Props<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  /** Its columns can be chosen and what is shown can be saved. */
  tools?: boolean;
}

/** A table that can be sorted by its headers. */
export function Table<Row>({ label, rows, columns: all, rowKey, tools = false }: Props<Row>) {
  const [hidden, toggle] = useHidden(label.toLowerCase());
  const columns = tools ? all.filter((column) => !hidden.has(column.key)) : all;
  const [order, setOrder] = useState<{ key: string; down: boolean } | null>(null);
  const sorted = sortRows(rows, columns, order);
  const next = (key: string) =>
    setOrder((old) => (old?.key !== key ? { key, down: false } : old.down ? null : { key, down: true }));
  return (
    <>
      {tools && <TableTools label={label} columns={all} hidden={hidden} onToggle={toggle} rows={sorted} />}
      <div className="rounded border border-line bg-surface-1 max-lg:overflow-x-auto">
        <table className="w-full border-collapse text-left" aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  aria-sort={
                    order?.key === column.key ? (order.down ? "descending" : "ascending") : undefined
                  }
                  className={cx(
                    // The line is a shadow, because a border would scroll away from a header that stays.
                    "h-8 bg-surface-2 px-3 text-xs max-sm:px-2 font-semibold whitespace-nowrap text-soft shadow-[inset_0_-1px_0_var(--color-line)]",
                    "lg:sticky lg:top-0 lg:z-10 lg:first:rounded-tl lg:last:rounded-tr",
                    column.wideOnly && "max-md:hidden",
                    column.align === "right" && "text-right",
                  )}
                >
                  {column.sort ? (
                    <button
                      type="button"
                      className="inline-flex items-center gap-1 hover:text-text"
                      onClick={() => next(column.key)}
                    >
                      {column.title}
                      {order?.key === column.key &&
                        (order.down ? <ArrowDown size={12} /> : <ArrowUp size={12} />)}
                    </button>
                  ) : (
                    column.title
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.map((row) => (
              <tr key={rowKey(row)} className="border-b border-line last:border-b-0 hover:bg-surface-2/60">
                {columns.map((column) => (
                  <td
                    key={column.key}
                    className={cx(
                      "h-9 px-3 py-1.5 align-middle max-sm:px-2",
                      column.wideOnly && "max-md:hidden",
                      column.align === "right" && "text-right tabular-nums",
                    )}
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: { key: string; down: boolean } | null,
): readonly Row[] {
  const sort = columns.find((column) => column.key === order?.key)?.sort;
  if (!order || !sort) return rows;
  const compare = (a: Row, b: Row) => {
    const [x, y] = [sort(a), sort(b)];
    const result =
      typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return order.down ? -result : result;
  };
  return [...rows].sort(compare);
}
