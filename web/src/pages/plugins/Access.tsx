import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { pathOf, pluginAccessQuery, refreshPlugins } from "@/api/plugins";
import type { PluginAccess } from "@/api/types";
import { SearchField } from "@/ui/Field";
import { Loaded } from "@/ui/Page";
import { Card } from "@/ui/parts";
import { toast } from "@/ui/toasts";

/** People and organisations above this many are looked for by name. */
const SHOWN_MAX = 8;

type Said = "nothing" | "allowed" | "denied";

/** Of whom something is said; of everyone when it is empty. */
type Whom = { user?: string; org?: string };

/** One person or organisation. */
interface Party {
  id: string;
  label: string;
  help?: string;
  whom: Whom;
  value: Said;
  /** Whom they are like when nothing is said of them. */
  like: string;
}

/** Who may use a plugin. It holds from the next call on, and open screens follow. */
export function Access({ id }: { id: string }) {
  const query = useQuery(pluginAccessQuery(id));
  return (
    <Card title="Who may use it">
      <Loaded query={query}>{(access) => <People id={id} access={access} />}</Loaded>
    </Card>
  );
}

function People({ id, access }: { id: string; access: PluginAccess }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const path = { path: pathOf(id) };
  const change = useMutation({
    mutationFn: ({ whom, said }: { whom: Whom; said: Said }) =>
      said === "nothing"
        ? ask(api.DELETE("/api/plugins/{publisher}/{name}/access", { params: { ...path, query: whom } }))
        : ask(
            api.PUT("/api/plugins/{publisher}/{name}/access", {
              params: path,
              body: { allowed: said === "allowed", ...whom },
            }),
          ),
    onSuccess: (now) => client.setQueryData(pluginAccessQuery(id).queryKey, now),
    onError: (error) =>
      toast({ tone: "error", text: asFailure(error).message, requestId: asFailure(error).requestId }),
    onSettled: () => refreshPlugins(client),
  });
  const wanted = text.trim().toLowerCase();
  const all = partiesOf(access);
  const found = all.filter(({ label }) => label.toLowerCase().includes(wanted));
  // Those of whom something is said come first: they are the exceptions.
  const shown = [...found]
    .sort((a, b) => Number(b.value !== "nothing") - Number(a.value !== "nothing"))
    .slice(0, SHOWN_MAX);
  return (
    <div className="flex flex-col gap-3">
      <Row
        label="Everyone"
        help="of whom nothing else is said"
        value={access.everyone ? "allowed" : "denied"}
        options={["allowed", "denied"]}
        busy={change.isPending}
        onChange={(said) => change.mutate({ whom: {}, said })}
      />
      {all.length > SHOWN_MAX && (
        <SearchField
          label="Find a person or organisation"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      <ul className="flex flex-col gap-1 border-t border-line pt-3">
        {shown.map(({ id, whom, ...party }) => (
          <li key={id}>
            <Row
              {...party}
              options={["nothing", "allowed", "denied"]}
              busy={change.isPending}
              onChange={(said) => change.mutate({ whom, said })}
            />
          </li>
        ))}
      </ul>
      {found.length > shown.length && (
        <p className="text-sm text-faint">and {found.length - shown.length} more, found by their name</p>
      )}
      <p className="text-sm text-faint">
        Who may not is not offered its tools, and every call says which grant is missing.
      </p>
    </div>
  );
}

/** Organisations and then people. */
function partiesOf({ orgs, people }: PluginAccess): Party[] {
  return [
    ...orgs.map((org) => ({
      id: org.orgId,
      label: org.name,
      help: "organisation",
      whom: { org: org.slug },
      value: saidOf(org),
      like: "everyone",
    })),
    ...people.map((person) => ({
      id: person.userId,
      label: person.username,
      whom: { user: person.username },
      value: saidOf(person),
      like: orgs.find(({ slug }) => slug === person.through)?.name ?? "everyone",
    })),
  ];
}

function saidOf({ setAt, allowed }: { setAt?: string | null; allowed: boolean }): Said {
  if (!setAt) return "nothing";
  return allowed ? "allowed" : "denied";
}

function Row({
  label,
  help,
  value,
  like,
  options,
  busy,
  onChange,
}: {
  label: string;
  help?: string;
  value: Said;
  like?: string;
  options: readonly Said[];
  busy: boolean;
  onChange: (said: Said) => void;
}) {
  return (
    <label className="flex min-h-9 items-center justify-between gap-3 text-sm">
      <span className="min-w-0 truncate">
        <span className="font-medium">{label}</span>
        {help && <span className="text-faint"> {help}</span>}
      </span>
      <select
        className="h-8 shrink-0 rounded border border-line-strong/60 bg-surface-1 px-2 text-sm disabled:opacity-60 max-sm:h-9"
        value={value}
        disabled={busy}
        onChange={(event) => onChange(event.target.value as Said)}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {option === "nothing" ? `like ${like}` : option}
          </option>
        ))}
      </select>
    </label>
  );
}
