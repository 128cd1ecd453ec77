import { useQuery } from "@tanstack/react-query";
import { Folder } from "lucide-react";
import { chooseWorkspace, chosenOf, useChosenWorkspace, workspacesQuery } from "@/api/workspaces";
import { cx } from "@/lib/cx";

/** A choice among the workspaces; nothing to see while there is only one. */
export function WorkspaceSelect({
  label,
  value,
  onChange,
  className,
}: {
  label: string;
  /** The id; none for the default one. */
  value: string | null | undefined;
  onChange: (id: string) => void;
  className?: string;
}) {
  const { data } = useQuery(workspacesQuery);
  const all = data?.items ?? [];
  if (all.length < 2) return null;
  return (
    <span className={cx("inline-flex min-w-0 items-center gap-1.5 text-soft", className)}>
      <Folder size={14} className="shrink-0 text-faint" aria-hidden="true" />
      <select
        aria-label={label}
        value={chosenOf(all, value)?.id ?? ""}
        onChange={(event) => onChange(event.target.value)}
        className="h-8 min-w-0 flex-1 truncate rounded bg-transparent px-1 text-sm text-soft hover:bg-surface-2"
      >
        {all.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </select>
    </span>
  );
}

/** Where conversations begin, in this browser. */
export function WorkspacePicker({ className }: { className?: string }) {
  const chosen = useChosenWorkspace();
  return (
    <WorkspaceSelect
      label="Workspace for new conversations"
      value={chosen?.id}
      onChange={chooseWorkspace}
      className={className}
    />
  );
}
