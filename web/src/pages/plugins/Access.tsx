import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { pathOf, pluginAccessQuery, refreshPlugins } from "@/api/plugins";
import type { PersonAccess, PluginAccess } from "@/api/types";
import { SearchField } from "@/ui/Field";
import { Loaded } from "@/ui/Page";
import { Card } from "@/ui/parts";
import { toast } from "@/ui/toasts";

/** People above this many are looked for by name. */
const SHOWN_MAX = 8;

type Said = "like everyone" | "allowed" | "denied";

interface Change {
  user?: string;
  said: Said;
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
    mutationFn: ({ user, said }: Change) =>
      said === "like everyone" && user
        ? ask(api.DELETE("/api/plugins/{publisher}/{name}/access", { params: { ...path, query: { user } } }))
        : ask(
            api.PUT("/api/plugins/{publisher}/{name}/access", {
              params: path,
              body: { allowed: said === "allowed", ...(user && { user }) },
            }),
          ),
    onSuccess: (now) => client.setQueryData(pluginAccessQuery(id).queryKey, now),
    onError: (error) =>
      toast({ tone: "error", text: asFailure(error).message, requestId: asFailure(error).requestId }),
    onSettled: () => refreshPlugins(client),
  });
  const wanted = text.trim().toLowerCase();
  const found = access.people.filter(({ username }) => username.toLowerCase().includes(wanted));
  // Those of whom something is said come first: they are the exceptions.
  const shown = [...found]
    .sort((a, b) => Number(Boolean(b.setAt)) - Number(Boolean(a.setAt)))
    .slice(0, SHOWN_MAX);
  return (
    <div className="flex flex-col gap-3">
      <Row
        label="Everyone"
        help="of whom nothing else is said"
        value={access.everyone ? "allowed" : "denied"}
        options={["allowed", "denied"]}
        busy={change.isPending}
        onChange={(said) => change.mutate({ said })}
      />
      {access.people.length > SHOWN_MAX && (
        <SearchField label="Find a person" value={text} onChange={(event) => setText(event.target.value)} />
      )}
      <ul className="flex flex-col gap-1 border-t border-line pt-3">
        {shown.map((person) => (
          <li key={person.userId}>
            <Row
              label={person.username}
              value={saidOf(person)}
              options={["like everyone", "allowed", "denied"]}
              busy={change.isPending}
              onChange={(said) => change.mutate({ user: person.username, said })}
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

function saidOf({ setAt, allowed }: PersonAccess): Said {
  if (!setAt) return "like everyone";
  return allowed ? "allowed" : "denied";
}

function Row({
  label,
  help,
  value,
  options,
  busy,
  onChange,
}: {
  label: string;
  help?: string;
  value: Said;
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
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  );
}
