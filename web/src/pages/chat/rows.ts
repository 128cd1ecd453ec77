// The conversation as rows, of which only those on the screen are drawn.
import type { PermissionRequest } from "@/api/types";
import type { Conversation, Item, Turn } from "@/conversation/types";

export type Row =
  | { kind: "item"; key: string; item: Item }
  | { kind: "draft"; key: string; turn: Turn }
  | { kind: "request"; key: string; request: PermissionRequest; first: boolean }
  | { kind: "working"; key: string };

/** What was said and done, then what is being written, then the questions. */
export function rowsOf(conversation: Conversation, requests: readonly PermissionRequest[]): Row[] {
  const { items, turn } = conversation;
  const rows: Row[] = items.map((item) => ({ kind: "item", key: item.id, item }));
  if (turn && (turn.draft !== "" || turn.reasoning !== "")) rows.push({ kind: "draft", key: "draft", turn });
  for (const [index, request] of requests.entries())
    rows.push({ kind: "request", key: request.id, request, first: index === 0 });
  if (turn && requests.length === 0 && turn.draft === "" && !isCalling(items))
    rows.push({ kind: "working", key: "working" });
  return rows;
}

/** Whether a stored message is in this row: as its text, or as the call or the result of a tool. */
export function holdsMessage(row: Row, messageId: string): boolean {
  if (row.kind !== "item") return false;
  return (
    row.key === messageId || (row.item.kind === "tool" && Boolean(row.item.messageIds?.includes(messageId)))
  );
}

function isCalling(items: readonly Item[]): boolean {
  const last = items.at(-1);
  return last?.kind === "tool" && (last.state === "running" || last.state === "waiting");
}

const LINE_PX = 24;
const CHARS_OF_A_LINE = 84;

/** About how high a row is before it was drawn; it is measured then. */
export function estimatePx(row: Row | undefined): number {
  if (row?.kind === "draft") return linesPx(row.turn.draft);
  if (row?.kind === "request") return 220;
  if (row?.kind !== "item") return LINE_PX;
  const { item } = row;
  if (item.kind === "tool") return 34;
  return linesPx(item.text) + (item.kind === "message" && item.role === "assistant" ? 30 : 18);
}

function linesPx(text: string): number {
  let lines = 0;
  for (const line of text.split("\n")) lines += Math.max(1, Math.ceil(line.length / CHARS_OF_A_LINE));
  return lines * LINE_PX;
}

/** So many rows are drawn all at once: the browser's own search and a screen reader then find every word. */
const WHOLE_MAX = 120;
const AROUND = 6;

/** How many rows around the screen are drawn. */
export const overscan = (count: number): number => (count <= WHOLE_MAX ? WHOLE_MAX : AROUND);

/** The rows on the screen, and the questions wherever they are: their keys work all the time. */
export function shownRows(rows: readonly Row[], range: { startIndex: number; endIndex: number }): number[] {
  const around = overscan(rows.length);
  const first = Math.max(0, range.startIndex - around);
  const last = Math.min(rows.length - 1, range.endIndex + around);
  const shown = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  const asked = rows.flatMap((row, index) => (row.kind === "request" && index > last ? [index] : []));
  const before = rows.flatMap((row, index) => (row.kind === "request" && index < first ? [index] : []));
  return [...before, ...shown, ...asked];
}
