// Commands that are typed after a slash.
import type { CommandHelp } from "@/api/types";

export interface Slash {
  name: string;
  args: string;
}

/** The command in a text, if it is one: a slash, a word, and the rest. A path such as `/etc/hosts` is none. */
export function slashOf(text: string): Slash | null {
  const match = /^\/([a-z?][a-z-]*)(?:\s+([\s\S]*))?$/i.exec(text.trim());
  return match ? { name: (match[1] ?? "").toLowerCase(), args: (match[2] ?? "").trim() } : null;
}

/** Whether the server has a command of that name or alias. */
export function isKnown(commands: readonly CommandHelp[], name: string): boolean {
  return commands.some((command) => command.name === name || command.aliases.includes(name));
}

/** What could be meant while the name is being typed; what begins with the letters comes first. */
export function complete(commands: readonly CommandHelp[], text: string): CommandHelp[] {
  const match = /^\/([a-z?-]*)$/i.exec(text);
  if (!match) return [];
  const wanted = (match[1] ?? "").toLowerCase();
  const begins = (command: CommandHelp) =>
    [command.name, ...command.aliases].some((name) => name.startsWith(wanted));
  const contains = (command: CommandHelp) => !begins(command) && command.name.includes(wanted);
  return [...commands.filter(begins), ...commands.filter(contains)];
}
