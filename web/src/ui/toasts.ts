// Short messages at the edge of the screen.
import { create } from "zustand";

export interface Toast {
  id: number;
  tone: "ok" | "info" | "error";
  text: string;
  requestId?: string | null;
  action?: { label: string; run: () => void };
}

const SHOWN_MAX = 4;
const LIFETIME_MS = 6_000;

export const useToasts = create<{ toasts: readonly Toast[] }>(() => ({ toasts: [] }));

let nextId = 1;

/** Shows a message. Errors stay until they are closed, because their text must be read. */
export function toast(message: Omit<Toast, "id">): void {
  const id = nextId++;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, { ...message, id }].slice(-SHOWN_MAX) }));
  if (message.tone !== "error") window.setTimeout(() => closeToast(id), LIFETIME_MS);
}

export function closeToast(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((other) => other.id !== id) }));
}
