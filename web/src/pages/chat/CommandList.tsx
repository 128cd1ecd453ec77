import type { CommandHelp } from "@/api/types";
import { cx } from "@/lib/cx";

interface Props {
  id: string;
  commands: readonly CommandHelp[];
  index: number;
  onPick: (name: string) => void;
}

/** The commands that fit what is typed. */
export function CommandList({ id, commands, index, onPick }: Props) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Commands"
      className="absolute inset-x-5 bottom-full z-10 mb-1 max-h-72 overflow-y-auto rounded border border-line bg-surface-1 p-1 shadow max-sm:inset-x-3"
    >
      {commands.map((command, place) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the text field's
        <div
          key={command.name}
          role="option"
          tabIndex={-1}
          aria-selected={place === index}
          onClick={() => onPick(command.name)}
          className={cx(
            "flex h-8 cursor-pointer items-center gap-3 rounded px-2.5 text-sm",
            place === index ? "bg-surface-2" : "hover:bg-surface-2",
          )}
        >
          <code className="text-xs font-medium">/{command.name}</code>
          <span className="min-w-0 flex-1 truncate text-soft">{command.meaning}</span>
          <span className="mono text-xs text-faint max-sm:hidden">
            {command.aliases.map((alias) => `/${alias}`).join(" ")}
          </span>
        </div>
      ))}
    </div>
  );
}
