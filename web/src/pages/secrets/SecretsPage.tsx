import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Vault } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { secretsQuery } from "@/api/queries";
import type { Secret } from "@/api/types";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { TextField } from "@/ui/Field";
import { Loaded, Page } from "@/ui/Page";
import { Card, Empty, When } from "@/ui/parts";
import { Table } from "@/ui/Table";
import { toast } from "@/ui/toasts";

export function SecretsPage() {
  const query = useQuery(secretsQuery);
  const client = useQueryClient();
  const [edited, setEdited] = useState<string | null>(null);
  const [removed, setRemoved] = useState<string | null>(null);
  const remove = async (name: string) => {
    await ask(api.DELETE("/api/secrets/{name}", { params: { path: { name } } }));
    await client.invalidateQueries({ queryKey: secretsQuery.queryKey });
  };
  const add = (
    <Button look="primary" icon={<Plus size={15} />} onClick={() => setEdited("")}>
      Add a secret
    </Button>
  );
  return (
    <Page
      title="Secrets"
      intro="Keys and passwords that tools may send to the hosts they declare, and never see. Nobody can read them here."
      actions={add}
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <Empty icon={<Vault size={26} />} title="No secret is kept" action={add}>
                A plugin that needs a key names it in its manifest; keep it here under that name.
              </Empty>
            </Card>
          ) : (
            <Table
              label="Secrets"
              rows={items}
              rowKey={(secret) => secret.name}
              columns={[
                {
                  key: "name",
                  title: "Name",
                  cell: (secret) => <code>{secret.name}</code>,
                  sort: (secret) => secret.name,
                },
                { key: "uses", title: "May be sent", cell: (secret) => <Uses secret={secret} /> },
                {
                  key: "at",
                  title: "Changed",
                  cell: (secret) => <When at={secret.updatedAt} />,
                  sort: (secret) => secret.updatedAt,
                  wideOnly: true,
                },
                {
                  key: "do",
                  title: "",
                  align: "right",
                  cell: (secret) => (
                    <span className="inline-flex flex-wrap justify-end gap-1.5">
                      <Button onClick={() => setEdited(secret.name)}>Replace</Button>
                      <Button look="danger" onClick={() => setRemoved(secret.name)}>
                        Remove
                      </Button>
                    </span>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {edited !== null && <SecretDialog name={edited} onClose={() => setEdited(null)} />}
      {removed !== null && (
        <Confirm
          title={`Remove ${removed}?`}
          action="Remove"
          onConfirm={() => remove(removed)}
          onClose={() => setRemoved(null)}
        >
          Tools that send it will be refused until it is set again.
        </Confirm>
      )}
    </Page>
  );
}

function Uses({ secret }: { secret: Secret }) {
  if (secret.uses.length === 0) return <span className="text-faint">no plugin asks for it</span>;
  return (
    <ul>
      {secret.uses.map((use) => (
        <li key={`${use.plugin} ${use.host} ${use.header}`} title={use.reason}>
          to <span className="mono text-xs">{use.host}</span> by {use.plugin}
        </li>
      ))}
    </ul>
  );
}

function SecretDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState({ name, value: "" });
  const save = useMutation({
    mutationFn: () => {
      const path = { name: fields.name.trim() };
      return ask(api.PUT("/api/secrets/{name}", { params: { path }, body: { value: fields.value } }));
    },
    onSuccess: (secret) => {
      void client.invalidateQueries({ queryKey: secretsQuery.queryKey });
      toast({ tone: "ok", text: `\`${secret.name}\` is kept.` });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      title={name ? `Replace ${name}` : "Add a secret"}
      onClose={onClose}
      unsaved={fields.name !== name || fields.value !== ""}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {name === "" && (
          <TextField
            label="Name"
            required
            autoFocus
            className="mono"
            value={fields.name}
            onChange={(event) => setFields({ ...fields, name: event.target.value })}
            help="As the plugin's manifest calls it."
          />
        )}
        <TextField
          label="Value"
          type="password"
          required
          autoFocus={name !== ""}
          autoComplete="off"
          value={fields.value}
          onChange={(event) => setFields({ ...fields, value: event.target.value })}
          help="Encrypted at once; it is never shown again."
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
