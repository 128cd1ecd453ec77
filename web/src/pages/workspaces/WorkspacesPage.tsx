import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import type { Workspace } from "@/api/types";
import { workspacesQuery } from "@/api/workspaces";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { TextField } from "@/ui/Field";
import { Loaded, Page } from "@/ui/Page";
import { Badge, When } from "@/ui/parts";
import { Table } from "@/ui/Table";
import { toast } from "@/ui/toasts";

export function WorkspacesPage() {
  const query = useQuery(workspacesQuery);
  const client = useQueryClient();
  const [edited, setEdited] = useState<Workspace | "new" | null>(null);
  const [removed, setRemoved] = useState<Workspace | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: workspacesQuery.queryKey });
  const makeDefault = useMutation({
    mutationFn: (one: Workspace) =>
      ask(api.PUT("/api/me/workspaces/{id}/default", { params: { path: { id: one.id } } })),
    onSuccess: (one) => {
      void refresh();
      toast({ tone: "ok", text: `Conversations begin in ${one.name} now.` });
    },
  });
  const remove = async (id: string) => {
    await ask(api.DELETE("/api/me/workspaces/{id}", { params: { path: { id } } }));
    await refresh();
    await client.invalidateQueries({ queryKey: ["sessions"] });
  };
  return (
    <Page
      title="Workspaces"
      intro="Folders in which your agents work. A conversation reaches the files of its own workspace and of no other."
      actions={
        <Button look="primary" icon={<Plus size={15} />} onClick={() => setEdited("new")}>
          New workspace
        </Button>
      }
    >
      {makeDefault.error && <ErrorBox error={makeDefault.error} />}
      <Loaded query={query}>
        {({ items }) => (
          <Table
            label="Workspaces"
            rows={items}
            rowKey={(one) => one.id}
            columns={[
              {
                key: "name",
                title: "Name",
                cell: (one) => (
                  <span className="inline-flex flex-wrap items-center gap-2">
                    {one.name}
                    {one.isDefault && <Badge tone="accent">default</Badge>}
                  </span>
                ),
                sort: (one) => one.name,
              },
              {
                key: "slug",
                title: "In commands",
                cell: (one) => <code>{one.slug}</code>,
                sort: (one) => one.slug,
              },
              {
                key: "at",
                title: "Made",
                cell: (one) => <When at={one.createdAt} />,
                sort: (one) => one.createdAt,
                wideOnly: true,
              },
              {
                key: "do",
                title: "",
                align: "right",
                cell: (one) => (
                  <span className="inline-flex flex-wrap justify-end gap-1.5">
                    <Button onClick={() => setEdited(one)}>Rename</Button>
                    {!one.isDefault && (
                      <>
                        <Button onClick={() => makeDefault.mutate(one)}>Make default</Button>
                        <Button look="danger" onClick={() => setRemoved(one)}>
                          Remove
                        </Button>
                      </>
                    )}
                  </span>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {edited !== null && (
        <NameDialog workspace={edited === "new" ? null : edited} onClose={() => setEdited(null)} />
      )}
      {removed && (
        <Confirm
          title={`Remove ${removed.name}?`}
          action="Remove"
          onConfirm={() => remove(removed.id)}
          onClose={() => setRemoved(null)}
        >
          Its conversations go on in the default workspace. Its files stay on the host, where no agent reaches
          them any more.
        </Confirm>
      )}
    </Page>
  );
}

function NameDialog({ workspace, onClose }: { workspace: Workspace | null; onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState({ name: workspace?.name ?? "", slug: workspace?.slug ?? "" });
  const save = useMutation({
    mutationFn: () => {
      const slug = fields.slug.trim();
      const body = { name: fields.name, ...(slug !== "" && { slug }) };
      return workspace
        ? ask(api.PATCH("/api/me/workspaces/{id}", { params: { path: { id: workspace.id } }, body }))
        : ask(api.POST("/api/me/workspaces", { body }));
    },
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: workspacesQuery.queryKey });
      toast({ tone: "ok", text: `${saved.name} is kept.` });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      title={workspace ? `Rename ${workspace.name}` : "New workspace"}
      onClose={onClose}
      unsaved={fields.name !== (workspace?.name ?? "") || fields.slug !== (workspace?.slug ?? "")}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="Name"
          required
          autoFocus
          value={fields.name}
          onChange={(event) => setFields({ ...fields, name: event.target.value })}
        />
        <TextField
          label="In commands"
          className="mono"
          value={fields.slug}
          onChange={(event) => setFields({ ...fields, slug: event.target.value })}
          help="Small letters, digits and hyphens; made of the name when empty."
        />
        {save.error && <ErrorBox error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Keep
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
