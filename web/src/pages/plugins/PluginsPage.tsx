import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { RefreshCw, Upload } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { refreshPlugins } from "@/api/plugins";
import { useIsAdmin } from "@/api/queries";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { toast } from "@/ui/toasts";
import { Available } from "./Available";
import { InstallDialog } from "./InstallDialog";
import { Installed } from "./Installed";
import { OnlyToLook } from "./parts";

const TABS = [
  { id: undefined, name: "Installed" },
  { id: "available", name: "Available" },
] as const;

export type PluginsTab = (typeof TABS)[number]["id"];

export function PluginsPage() {
  const { tab } = useSearch({ from: "/inside/plugins" });
  const isAdmin = useIsAdmin();
  return (
    <Page
      title="Plugins"
      intro="Tools, roles and skills, each in a sandbox of its own that holds only what it declares."
      actions={isAdmin ? <Actions /> : <OnlyToLook />}
    >
      {isAdmin && (
        <nav aria-label="Plugins" className="-mt-1 flex gap-1 border-b border-line">
          {TABS.map(({ id, name }) => (
            <Link
              key={name}
              to="/plugins"
              search={id ? { tab: id } : {}}
              aria-current={id === tab ? "page" : undefined}
              className={cx(
                "-mb-px flex h-9 items-center border-b-2 px-3 text-sm",
                id === tab
                  ? "border-accent font-medium text-text"
                  : "border-transparent text-soft hover:text-text",
              )}
            >
              {name}
            </Link>
          ))}
        </nav>
      )}
      {tab === "available" && isAdmin ? <Available /> : <Installed />}
    </Page>
  );
}

function Actions() {
  const client = useQueryClient();
  const [installing, setInstalling] = useState(false);
  const reload = useMutation({
    mutationFn: () => ask(api.POST("/api/plugins/reload")),
    onSuccess: ({ items }) => toast({ tone: "ok", text: `${items.length} plugins are loaded.` }),
    onError: (error) =>
      toast({ tone: "error", text: asFailure(error).message, requestId: asFailure(error).requestId }),
    onSettled: () => refreshPlugins(client),
  });
  return (
    <>
      <Button icon={<RefreshCw size={14} />} busy={reload.isPending} onClick={() => reload.mutate()}>
        Reload all
      </Button>
      <Button look="primary" icon={<Upload size={14} />} onClick={() => setInstalling(true)}>
        Install a file
      </Button>
      {installing && <InstallDialog onClose={() => setInstalling(false)} />}
    </>
  );
}
