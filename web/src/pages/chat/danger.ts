// Calls that destroy something need a second key, because the first may have been meant for something else.
import type { PermissionRequest } from "@/api/types";

type Call = Pick<PermissionRequest, "tool" | "operation" | "arguments" | "subject">;

/** Words of a tool's or an operation's name: `delete_file`, `db-drop`, `volumePrune`. */
const NAMES =
  /(^|[_\-.: ])(delete|remove|rm|rmdir|unlink|reset|destroy|drop|purge|wipe|erase|truncate|prune|uninstall|revoke|terminate|kill|shutdown|reboot|format_disk|clean|discard|overwrite|revert|rollback)(?=$|[_\-.: ])/i;

/** Arguments that make a call a destroying one, by their names. Writing over a file is everyday work: asking twice would dull. */
const SWITCHES = /^(force|hard|purge|prune|permanent(ly)?|delete|destroy|recursive_delete|truncate|mirror)$/i;

/** What is text for a person or a file, in which a command is only spoken of. */
const PROSE =
  /^(content|contents|text|body|message|title|description|prompt|comment|summary|old|new|old_text|new_text|note)$/i;

const COMMANDS = [
  /\b(rm|rmdir|unlink|shred|mkfs(\.\w+)?|wipefs|fdisk|parted)\s/i,
  /\bsudo\b|\bdoas\b/,
  /\bdd\s[^|;]*\bof=/,
  /\b(shutdown|reboot|poweroff|halt)\b/,
  /\b(kill|pkill|killall)\s/,
  /\bfind\s.*\s-(delete|exec\s+rm)\b/,
  /\b(chmod|chown|chgrp)\s+(-\w*R|--recursive)/,
  /\btruncate\s+-/,
  /\bgit\s+(reset\s+--hard|clean\s+-\w*f|checkout\s+(--\s|\.)|restore\s|branch\s+-D|stash\s+(drop|clear)|filter-branch|reflog\s+expire)/,
  /\bgit\s+push\b(.*\s)?\s?(-f\b|--force|--delete|--mirror|\+\S)/,
  /\s--(force|hard|purge|prune|no-preserve-root)\b/,
  /\b(docker|podman)\s+(\w+\s+)?(rm|rmi|prune|kill)\b/,
  /\bkubectl\s+(delete|drain)\b|\b(terraform|tofu|pulumi)\s+destroy\b|\bhelm\s+(uninstall|delete)\b/,
  /\b(apt|apt-get|dnf|yum|pacman|brew|npm|pip|cargo)\s+(-\S+\s+)*(remove|purge|uninstall|autoremove|-R\w*|unpublish|yank)\b/,
  /\b(drop|truncate)\s+(table|database|schema|index|view|collection)\b/i,
  /\bdelete\s+from\b/i,
  /(^|[^>&\d])>\s*\/(dev\/(sd|nvme|disk)|etc\/)/,
];

const DEPTH_MAX = 6;

/** Whether a call destroys something, by its name, its switches, or a command in it. Too often is better than once too few. */
export function isDestructive({ tool, operation, arguments: given, subject }: Call): boolean {
  if (NAMES.test(words(operation)) || NAMES.test(words(tool))) return true;
  return (subject != null && isCommand(subject) && !isProseOf(subject, given)) || destroys(given, "", 0);
}

/** `deleteFile` as `delete_File`. */
const words = (name: string) => name.replace(/([a-z\d])([A-Z])/g, "$1_$2");

const isCommand = (text: string) => COMMANDS.some((command) => command.test(text));

function destroys(value: unknown, name: string, depth: number): boolean {
  if (depth > DEPTH_MAX) return false;
  if (value === true) return SWITCHES.test(name);
  if (typeof value === "string") {
    if (PROSE.test(name)) return false;
    return isCommand(value) || (/^(method|verb|action)$/i.test(name) && NAMES.test(value));
  }
  if (Array.isArray(value)) {
    // A command as a list of its words.
    const line = value.filter((part) => typeof part === "string").join(" ");
    return destroys(line, name, depth + 1) || value.some((inner) => destroys(inner, name, depth + 1));
  }
  if (value === null || typeof value !== "object") return false;
  return Object.entries(value).some(([inner, part]) => destroys(part, inner, depth + 1));
}

/** The subject repeats one argument; that one may be prose. */
function isProseOf(subject: string, given: unknown): boolean {
  if (given === null || typeof given !== "object") return false;
  return Object.entries(given).some(([name, value]) => value === subject && PROSE.test(name));
}
