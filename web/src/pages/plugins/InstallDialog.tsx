import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FileUp } from "lucide-react";
import { type DragEvent, useId, useState } from "react";
import { upload } from "@/api/client";
import { pluginsQuery, toolsQuery } from "@/api/queries";
import type { Plugin, PluginInspection } from "@/api/types";
import { cx } from "@/lib/cx";
import { bytes } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { Facts } from "@/ui/parts";
import { toast } from "@/ui/toasts";

/** A component is looked at before it is installed: what it may do is the person's decision. */
export function InstallDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const inspect = useMutation({
    mutationFn: (chosen: File) =>
      upload<PluginInspection>(`/api/plugins/inspect?fileName=${encodeURIComponent(chosen.name)}`, chosen),
  });
  const install = useMutation({
    mutationFn: (chosen: File) =>
      upload<Plugin>(`/api/plugins?fileName=${encodeURIComponent(chosen.name)}`, chosen),
    onSuccess: (plugin) => {
      toast({ tone: "ok", text: `\`${plugin.id}\` ${plugin.version} is installed and running.` });
      void client.invalidateQueries({ queryKey: pluginsQuery.queryKey });
      void client.invalidateQueries({ queryKey: toolsQuery.queryKey });
      onClose();
    },
  });
  const choose = (chosen: File | undefined) => {
    if (!chosen) return;
    setFile(chosen);
    install.reset();
    inspect.mutate(chosen);
  };
  return (
    <Dialog title="Install a plugin" onClose={onClose}>
      <div className="flex flex-col gap-4">
        <Drop onFile={choose} name={file?.name ?? null} />
        {inspect.isPending && <p className="text-soft">The component is inspected…</p>}
        {inspect.error && <ErrorBox error={inspect.error} />}
        {inspect.data && <Inspection found={inspect.data} />}
        {install.error && <ErrorBox error={install.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            busy={install.isPending}
            disabled={!inspect.data || file === null}
            onClick={() => file && install.mutate(file)}
          >
            Install
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Drop({ onFile, name }: { onFile: (file: File | undefined) => void; name: string | null }) {
  const id = useId();
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onFile(event.dataTransfer.files[0]);
  };
  return (
    <label
      htmlFor={id}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={cx(
        "flex flex-col items-center gap-1.5 rounded border-2 border-dashed px-4 py-8 text-center focus-within:border-accent",
        over ? "border-accent bg-accent-soft" : "border-line-strong/60",
      )}
    >
      <FileUp size={22} className="text-faint" aria-hidden="true" />
      <span className="font-medium">{name ?? "Choose a .wasm file, or drop it here"}</span>
      <span className="text-sm text-faint">A WebAssembly component, with a manifest or without.</span>
      <input
        id={id}
        type="file"
        accept=".wasm,application/wasm"
        className="sr-only"
        onChange={(event) => onFile(event.target.files?.[0])}
      />
    </label>
  );
}

function Inspection({ found }: { found: PluginInspection }) {
  const manifest = (found.manifest ?? {}) as { id?: string; version?: string };
  return (
    <div className="flex flex-col gap-3 rounded border border-line p-3">
      <Facts
        facts={[
          ["Plugin", manifest.id ?? "see its manifest"],
          ...(manifest.version ? [["Version", manifest.version] as const] : []),
          ["Size", bytes(found.bytes)],
          [
            "Digest",
            <code key="digest" className="text-xs">
              {found.digest}
            </code>,
          ],
        ]}
      />
      <Capabilities list={found.capabilities} />
      <LeftOut list={found.leftOut ?? []} />
    </div>
  );
}

/** Functions of a component without a manifest that nobody can call. */
function LeftOut({ list }: { list: readonly string[] }) {
  if (list.length === 0) return null;
  return (
    <div>
      <h3 className="mb-1 text-sm font-medium">Left out</h3>
      <ul className="list-disc pl-5 text-soft">
        {list.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
}

/** What a plugin may do, in the words of its manifest. */
export function Capabilities({ list }: { list: readonly string[] }) {
  if (list.length === 0) return <p className="text-soft">It asks for nothing: it can only compute.</p>;
  return (
    <div>
      <h3 className="mb-1 text-sm font-medium">It may</h3>
      <ul className="list-disc pl-5 text-soft">
        {list.map((capability) => (
          <li key={capability}>{capability}</li>
        ))}
      </ul>
    </div>
  );
}
