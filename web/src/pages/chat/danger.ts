// Calls that destroy something need a second key, because the first may have been meant for something else.
import type { PermissionRequest } from "@/api/types";

const OPERATIONS = /delete|remove|reset|destroy|drop|purge|wipe/i;
const COMMANDS = [
  /\brm\s+-[a-z]*[rf]/i,
  /\bsudo\b/,
  /\bmkfs/,
  /\bdd\s+if=/,
  /\b(shutdown|reboot)\b/,
  /--force\b|\s-f\b/,
  /\breset\s+--hard/,
  /\b(drop|truncate)\s+(table|database|schema)/i,
];

export function isDestructive(
  request: Pick<PermissionRequest, "operation" | "arguments" | "subject">,
): boolean {
  if (OPERATIONS.test(request.operation)) return true;
  const text = `${request.subject ?? ""} ${JSON.stringify(request.arguments ?? "")}`;
  return COMMANDS.some((command) => command.test(text));
}
