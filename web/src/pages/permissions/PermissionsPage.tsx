import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, CircleHelp, ShieldCheck, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { rulesQuery } from "@/api/queries";
import type { Level, Rule } from "@/api/types";
import { useLive } from "@/live/store";
import { PermissionCard } from "@/pages/chat/PermissionCard";
import { Button } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { SelectField, TextField } from "@/ui/Field";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Empty, When } from "@/ui/parts";
import { Table } from "@/ui/Table";
import { toast } from "@/ui/toasts";
import { useUnsaved } from "@/ui/unsaved";

export function PermissionsPage() {
  return (
    <Page title="Permissions" intro="What tools may do. Whatever no rule allows is asked or refused.">
      <Pending />
      <Rules />
    </Page>
  );
}

function Pending() {
  const requests = useLive((state) => state.permissions);
  return (
    <section className="flex flex-col gap-3">
      <h2 className="font-semibold">Waiting for you</h2>
      {requests.length === 0 ? (
        <Card>
          <p className="flex items-center gap-2 text-soft">
            <ShieldCheck size={16} className="text-allow" aria-hidden="true" />
            No tool waits for an answer.
          </p>
        </Card>
      ) : (
        requests.map((request, index) => (
          <div key={request.id} className="flex flex-col gap-1">
            <PermissionCard request={request} keys={index === 0} />
            <Link
              to="/chat/$sessionId"
              params={{ sessionId: request.sessionId }}
              className="self-end text-sm text-accent underline"
            >
              Open the conversation
            </Link>
          </div>
        ))
      )}
    </section>
  );
}

const LEVELS = {
  allow: { tone: "allow", icon: <Check size={12} /> },
  ask: { tone: "ask", icon: <CircleHelp size={12} /> },
  deny: { tone: "deny", icon: <X size={12} /> },
} as const;

export function LevelBadge({ level }: { level: Level }) {
  const { tone, icon } = LEVELS[level];
  return (
    <Badge tone={tone} icon={icon}>
      {level}
    </Badge>
  );
}

function Rules() {
  const query = useQuery(rulesQuery);
  const client = useQueryClient();
  const remove = async (rule: Rule) => {
    try {
      await ask(api.DELETE("/api/tools/permissions/{id}", { params: { path: { id: rule.id } } }));
      const body = { rule: rule.rule, level: rule.level, sessionId: rule.sessionId ?? null };
      const undo = () => void ask(api.PUT("/api/tools/permissions", { body })).finally(refresh);
      toast({
        tone: "info",
        text: `The rule \`${rule.rule}\` is removed.`,
        action: { label: "Undo", run: undo },
      });
    } catch (error) {
      toast({ tone: "error", text: error instanceof Error ? error.message : String(error) });
    }
    refresh();
  };
  const refresh = () => void client.invalidateQueries({ queryKey: rulesQuery.queryKey });
  return (
    <section className="flex flex-col gap-3">
      <h2 className="font-semibold">Rules</h2>
      <AddRule onAdded={refresh} />
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Card>
              <Empty icon={<ShieldCheck size={26} />} title="No rule of your own">
                The plugins' own levels hold: what only reads is mostly allowed, what changes something is
                asked. “Always” on a question makes a rule, too.
              </Empty>
            </Card>
          ) : (
            <Table
              tools
              label="Rules"
              rows={items}
              rowKey={(rule) => rule.id}
              columns={[
                {
                  key: "level",
                  title: "Level",
                  cell: (rule) => <LevelBadge level={rule.level} />,
                  sort: (rule) => rule.level,
                },
                {
                  key: "rule",
                  title: "Rule",
                  cell: (rule) => <code className="text-sm">{rule.rule}</code>,
                  sort: (rule) => rule.rule,
                },
                {
                  key: "scope",
                  title: "Holds",
                  cell: (rule) => (rule.sessionId ? "in one session" : "everywhere"),
                  sort: (rule) => (rule.sessionId ? "in one session" : "everywhere"),
                  wideOnly: true,
                },
                {
                  key: "at",
                  title: "Made",
                  cell: (rule) => <When at={rule.createdAt} />,
                  sort: (rule) => rule.createdAt,
                  wideOnly: true,
                },
                {
                  key: "do",
                  title: "",
                  align: "right",
                  cell: (rule) => <Button onClick={() => void remove(rule)}>Remove</Button>,
                },
              ]}
            />
          )
        }
      </Loaded>
    </section>
  );
}

function AddRule({ onAdded }: { onAdded: () => void }) {
  const [rule, setRule] = useState("");
  const [level, setLevel] = useState<Level>("allow");
  const { question } = useUnsaved(rule.trim() !== "");
  const add = useMutation({
    mutationFn: () => ask(api.PUT("/api/tools/permissions", { body: { rule: rule.trim(), level } })),
    onSuccess: () => {
      setRule("");
      onAdded();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Card>
      <form onSubmit={submit} className="flex flex-wrap items-start gap-3">
        <div className="min-w-60 flex-1">
          <TextField
            label="Rule"
            required
            spellCheck={false}
            className="mono text-sm"
            placeholder="shell(git status:*)"
            value={rule}
            onChange={(event) => setRule(event.target.value)}
            help="A tool, its operation, and what it may be called with. A question suggests one in this form."
          />
        </div>
        <div className="w-32">
          <SelectField
            label="Level"
            value={level}
            onChange={(event) => setLevel(event.target.value as Level)}
          >
            <option value="allow">allow</option>
            <option value="ask">ask</option>
            <option value="deny">deny</option>
          </SelectField>
        </div>
        <Button type="submit" look="primary" busy={add.isPending} className="mt-6">
          Add the rule
        </Button>
      </form>
      {add.error && <ErrorBox error={add.error} className="mt-3" />}
      {question}
    </Card>
  );
}
