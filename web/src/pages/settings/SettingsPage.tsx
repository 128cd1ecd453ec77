import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Lock, Monitor, Moon, Sun } from "lucide-react";
import { auditQuery, healthQuery, modelsQuery, pluginsQuery, useIsAdmin } from "@/api/queries";
import type { AuditEntry } from "@/api/types";
import { cx } from "@/lib/cx";
import { dateTime } from "@/lib/format";
import { setTheme, type Theme, useTheme } from "@/lib/theme";
import { asText } from "@/pages/chat/Arguments";
import { Preferences } from "@/pages/notifications/Preferences";
import { Loaded, Page } from "@/ui/Page";
import { Card, Empty, Facts, When } from "@/ui/parts";
import { type Column, Table } from "@/ui/Table";
import { Configuration } from "./Configuration";

const TABS = [
  { id: undefined, name: "General" },
  { id: "configuration", name: "Configuration", adminOnly: true },
  { id: "notifications", name: "Notifications" },
  { id: "audit", name: "Audit log" },
] as const;

export type SettingsTab = (typeof TABS)[number]["id"];

export function SettingsPage() {
  const { tab } = useSearch({ from: "/inside/settings" });
  const isAdmin = useIsAdmin();
  return (
    <Page title="Settings" intro="How octi looks here, what it does, and what it says of itself.">
      <nav aria-label="Settings" className="-mt-1 flex gap-1 overflow-x-auto border-b border-line">
        {TABS.filter((one) => isAdmin || !("adminOnly" in one)).map(({ id, name }) => (
          <Link
            key={name}
            to="/settings"
            search={id ? { tab: id } : {}}
            aria-current={id === tab ? "page" : undefined}
            className={cx(
              "-mb-px flex h-9 shrink-0 items-center border-b-2 px-3 text-sm max-sm:px-2",
              id === tab
                ? "border-accent font-medium text-text"
                : "border-transparent text-soft hover:text-text",
            )}
          >
            {name}
          </Link>
        ))}
      </nav>
      {tab === undefined && (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Appearance />
          <About />
        </div>
      )}
      {tab === "configuration" && (isAdmin ? <Configuration /> : <OnlyForAdministrators />)}
      {tab === "notifications" && <Preferences />}
      {tab === "audit" && <Audit />}
    </Page>
  );
}

function OnlyForAdministrators() {
  return (
    <Card>
      <Empty icon={<Lock size={26} />} title="Only for administrators">
        What holds for everybody is set by whoever runs this octi.
      </Empty>
    </Card>
  );
}

const THEMES = [
  { id: "system", name: "System", icon: Monitor },
  { id: "light", name: "Light", icon: Sun },
  { id: "dark", name: "Dark", icon: Moon },
] as const satisfies readonly { id: Theme; name: string; icon: unknown }[];

function Appearance() {
  const { theme } = useTheme();
  return (
    <Card title="Appearance">
      <fieldset>
        <legend className="mb-2 text-sm font-medium">Theme</legend>
        <div className="grid grid-cols-3 gap-2">
          {THEMES.map(({ id, name, icon: Icon }) => (
            <label
              key={id}
              className={cx(
                "flex h-16 cursor-pointer flex-col items-center justify-center gap-1.5 rounded border text-sm has-focus-visible:outline-2 has-focus-visible:outline-accent",
                theme === id
                  ? "border-accent bg-accent-soft font-medium text-accent"
                  : "border-line hover:bg-surface-2",
              )}
            >
              <input
                type="radio"
                name="theme"
                className="sr-only"
                checked={theme === id}
                onChange={() => setTheme(id)}
              />
              <Icon size={17} aria-hidden="true" />
              {name}
            </label>
          ))}
        </div>
      </fieldset>
      <p className="mt-3 text-sm text-faint">Kept in this browser.</p>
    </Card>
  );
}

function About() {
  const health = useQuery(healthQuery);
  const { data: models } = useQuery(modelsQuery);
  const { data: plugins } = useQuery(pluginsQuery);
  const link = (to: string, text: string) => (
    <Link key={to} to={to} className="text-accent underline">
      {text}
    </Link>
  );
  return (
    <Card title="This octi">
      <Loaded query={health}>
        {(answer) => (
          <Facts
            facts={[
              ["Server", `${answer.version} (${answer.build})`],
              ["Pages", __OCTI_WEB_VERSION__],
              ["Its time", dateTime(answer.serverTime)],
              ["Models", link("/models", `${models?.items.length ?? 0} set up`)],
              ["Plugins", link("/plugins", `${plugins?.items.length ?? 0} loaded`)],
              ["For programs", link("/tokens", "API tokens")],
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  {
    key: "at",
    title: "When",
    cell: (entry) => <When at={entry.createdAt} />,
    sort: (entry) => entry.createdAt,
  },
  {
    key: "action",
    title: "What",
    cell: (entry) => <span className="whitespace-nowrap">{entry.action.replaceAll("_", " ")}</span>,
    sort: (entry) => entry.action,
  },
  {
    key: "resource",
    title: "Of what",
    cell: (entry) => <span className="mono text-xs">{entry.resource}</span>,
    sort: (entry) => entry.resource,
    wideOnly: true,
  },
  {
    key: "details",
    title: "Details",
    text: (entry) => details(entry.details),
    cell: (entry) => (
      <span className="mono line-clamp-2 text-xs text-soft [overflow-wrap:anywhere]">
        {details(entry.details)}
      </span>
    ),
    wideOnly: true,
  },
];

/** Only what says something. */
function details(value: unknown): string {
  if (value === null || typeof value !== "object") return asText(value ?? "");
  const told = Object.entries(value).filter(([, inner]) => inner !== null && inner !== "");
  return told
    .map(([name, inner]) => `${name}: ${typeof inner === "string" ? inner : JSON.stringify(inner)}`)
    .join(", ");
}

function Audit() {
  const query = useQuery(auditQuery);
  return (
    <section className="flex flex-col gap-2">
      <h2 className="sr-only">Audit log</h2>
      <p className="text-soft">
        What was done with your account that matters for security, the newest first.
      </p>
      <Loaded query={query}>
        {({ items }) =>
          items.length > 0 ? (
            <Table tools label="Audit log" rows={items} columns={COLUMNS} rowKey={(entry) => entry.id} />
          ) : (
            <Card>
              <Empty title="Nothing yet">
                Signing in, tokens, secrets and permissions leave their trace here.
              </Empty>
            </Card>
          )
        }
      </Loaded>
    </section>
  );
}
