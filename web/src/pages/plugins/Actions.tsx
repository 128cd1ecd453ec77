import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { History, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { pathOf, refreshPlugins } from "@/api/plugins";
import type { Plugin } from "@/api/types";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { toast } from "@/ui/toasts";

/** Reads a plugin's file again, which also ends its quarantine and tries again what was rolled back. */
export function useReload(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      ask(api.POST("/api/plugins/{publisher}/{name}/reload", { params: { path: pathOf(id) } })),
    onSuccess: () => toast({ tone: "ok", text: `\`${id}\` is loaded again.` }),
    onError: (error) =>
      toast({ tone: "error", text: asFailure(error).message, requestId: asFailure(error).requestId }),
    onSettled: () => refreshPlugins(client),
  });
}

/** What an administrator does with a plugin. */
export function Actions({ plugin }: { plugin: Plugin }) {
  const path = { params: { path: pathOf(plugin.id) } };
  const client = useQueryClient();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"remove" | "rollback" | null>(null);
  const reload = useReload(plugin.id);
  const rollback = async () => {
    await ask(api.POST("/api/plugins/{publisher}/{name}/rollback", path));
    await refreshPlugins(client);
  };
  const remove = async () => {
    await ask(api.DELETE("/api/plugins/{publisher}/{name}", path));
    void navigate({ to: "/plugins" });
    await refreshPlugins(client);
  };
  return (
    <>
      <Button icon={<RefreshCw size={14} />} busy={reload.isPending} onClick={() => reload.mutate()}>
        Reload
      </Button>
      <Button icon={<History size={14} />} disabled={!plugin.previous} onClick={() => setDialog("rollback")}>
        Roll back
      </Button>
      <Button
        look="danger"
        icon={<Trash2 size={14} />}
        disabled={plugin.source === "bundled"}
        onClick={() => setDialog("remove")}
      >
        Remove
      </Button>
      {dialog === "rollback" && (
        <Confirm
          title={`Go back to ${plugin.previous}?`}
          action="Roll back"
          onConfirm={rollback}
          onClose={() => setDialog(null)}
        >
          The version that runs now is put aside. Calls that run are finished first.
        </Confirm>
      )}
      {dialog === "remove" && (
        <Confirm
          title={`Remove ${plugin.id}?`}
          action="Remove"
          onConfirm={remove}
          onClose={() => setDialog(null)}
        >
          Agents cannot call its tools any more. To have it again, install its file.
        </Confirm>
      )}
    </>
  );
}
