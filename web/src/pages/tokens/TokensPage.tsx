import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { tokensQuery } from "@/api/queries";
import type { Token } from "@/api/types";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { Confirm, Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { SelectField, TextField } from "@/ui/Field";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Empty, When } from "@/ui/parts";
import { type Column, Table } from "@/ui/Table";
import { Programs } from "./Programs";

export function TokensPage() {
  const query = useQuery(tokensQuery);
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Token | null>(null);
  const revoke = async (id: string) => {
    await ask(api.DELETE("/api/auth/api-tokens/{id}", { params: { path: { id } } }));
    await client.invalidateQueries({ queryKey: tokensQuery.queryKey });
  };
  const make = (
    <Button look="primary" icon={<Plus size={15} />} onClick={() => setMaking(true)}>
      Make a token
    </Button>
  );
  return (
    <Page
      title="API tokens"
      intro="For programs that speak for you: the terminal, editors, your own scripts."
      actions={make}
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length > 0 ? (
            <Table
              tools
              label="API tokens"
              rows={items}
              columns={columns(setRevoked)}
              rowKey={(token) => token.id}
            />
          ) : (
            <Card>
              <Empty icon={<KeyRound size={26} />} title="No token" action={make}>
                A program sends one as <code>Authorization: Bearer octi_…</code> and may then do what you may.
              </Empty>
            </Card>
          )
        }
      </Loaded>
      <Programs />
      {making && <MakeDialog onClose={() => setMaking(false)} />}
      {revoked && (
        <Confirm
          title={`Revoke ${revoked.name}?`}
          action="Revoke"
          onConfirm={() => revoke(revoked.id)}
          onClose={() => setRevoked(null)}
        >
          Programs that use it are refused at once.
        </Confirm>
      )}
    </Page>
  );
}

function columns(onRevoke: (token: Token) => void): readonly Column<Token>[] {
  return [
    {
      key: "name",
      title: "Name",
      cell: (token) => <span className="font-medium">{token.name}</span>,
      sort: (token) => token.name,
    },
    {
      key: "prefix",
      title: "Begins with",
      cell: (token) => <code className="text-xs">{token.prefix}…</code>,
      text: (token) => token.prefix,
      wideOnly: true,
    },
    {
      key: "used",
      title: "Last used",
      cell: (token) => (token.lastUsedAt ? <When at={token.lastUsedAt} /> : "never"),
      text: (token) => token.lastUsedAt ?? "never",
      sort: (token) => token.lastUsedAt ?? "",
      wideOnly: true,
    },
    {
      key: "made",
      title: "Made",
      cell: (token) => <When at={token.createdAt} />,
      sort: (token) => token.createdAt,
      wideOnly: true,
    },
    {
      key: "state",
      title: "State",
      cell: (token) => <State token={token} />,
      sort: (token) => stateOf(token),
    },
    {
      key: "ends",
      title: "Ends",
      cell: (token) => (token.expiresAt ? <When at={token.expiresAt} /> : "never"),
      text: (token) => token.expiresAt ?? "never",
      sort: (token) => token.expiresAt ?? "9",
      wideOnly: true,
    },
    {
      key: "do",
      title: "",
      align: "right",
      cell: (token) =>
        !token.revokedAt && (
          <Button look="danger" onClick={() => onRevoke(token)}>
            Revoke
          </Button>
        ),
    },
  ];
}

function stateOf(token: Token): "revoked" | "expired" | "works" {
  if (token.revokedAt) return "revoked";
  return token.expiresAt && Date.parse(token.expiresAt) < Date.now() ? "expired" : "works";
}

function State({ token }: { token: Token }) {
  const state = stateOf(token);
  return <Badge tone={state === "works" ? "allow" : "neutral"}>{state}</Badge>;
}

function MakeDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const make = useMutation({
    mutationFn: () =>
      ask(
        api.POST("/api/auth/api-tokens", {
          body: { name: name.trim(), expiresInDays: days ? Number(days) : null },
        }),
      ),
    onSuccess: () => void client.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  if (make.data) {
    return (
      <Dialog title={`The token ${make.data.token.name}`} onClose={onClose}>
        <p className="mb-3">Copy it now: it is shown this once, and the server keeps only its fingerprint.</p>
        <div className="flex items-center gap-2 rounded border border-line bg-surface-2 p-2">
          <code className="min-w-0 flex-1 text-sm [overflow-wrap:anywhere]">{make.data.secret}</code>
          <CopyButton text={make.data.secret} label="Copy the token" />
        </div>
        <div className="mt-5 flex justify-end">
          <Button look="primary" onClick={onClose}>
            I have it
          </Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Make a token" onClose={onClose} unsaved={name !== ""}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="What it is for"
          required
          autoFocus
          placeholder="laptop"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <SelectField label="Works for" value={days} onChange={(event) => setDays(event.target.value)}>
          <option value="7">a week</option>
          <option value="30">30 days</option>
          <option value="90">90 days</option>
          <option value="365">a year</option>
          <option value="">as long as it is not revoked</option>
        </SelectField>
        {make.error && <ErrorBox error={make.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={make.isPending}>
            Make it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
