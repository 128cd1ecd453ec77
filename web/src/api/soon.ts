// What the server is about to have and its description does not say yet. Each type goes when the generated one is there; the
// pages show what is to come, or nothing, while the server answers 404.
import { ApiFailure } from "./errors";

/** Whether the server does not have a part yet, as opposed to a part that failed. */
export const isMissing = (error: unknown): boolean => error instanceof ApiFailure && error.status === 404;

export interface Notification {
  id: string;
  kind: "agent_completed" | "agent_failed" | "permission_request";
  title: string;
  body: string;
  sessionId?: string | null;
  runId?: string | null;
  createdAt: string;
  readAt?: string | null;
}

export interface NotificationPage {
  items: Notification[];
  next?: string | null;
  /** On all pages. */
  unread: number;
}

export interface NotificationPreferences {
  agentCompleted: boolean;
  agentFailed: boolean;
  permissionRequest: boolean;
}

/** More of the payload of `chat.message`. */
export interface SideMessage {
  sideChannel?: boolean;
  /** The question that this answers. */
  answers?: string | null;
}

/** More client frames. */
export type SoonFrame = { type: "chat.interject"; sessionId: string; content: string };

/** More events, by their types. */
export interface SoonEvents {
  "notification.created": Notification;
  "notification.read": { ids?: string[]; all?: boolean };
}
