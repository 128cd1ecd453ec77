import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { resetSetting, settingsQuery } from "@/api/settings";
import type { Setting } from "@/api/types";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { SearchField } from "@/ui/Field";
import { Loaded } from "@/ui/Page";
import { Badge, type Tone } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { toast } from "@/ui/toasts";
import { keepSetting, SettingDialog } from "./SettingDialog";
import { shownValue } from "./value";

/** What holds for everybody on this octi: where each value comes from, and how to change it. */
export function Configuration() {
  const query = useQuery(settingsQuery);
  const [wanted, setWanted] = useState("");
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-xl text-soft">
          A value stored here is stronger than the environment, that than <code>config.toml</code>, and that
          than the default.
        </p>
        <SearchField
          label="Search settings"
          className="w-56! max-sm:w-full!"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      </div>
      <Loaded query={query}>{({ items }) => <Groups settings={items} wanted={wanted} />}</Loaded>
    </>
  );
}

function Groups({ settings, wanted }: { settings: readonly Setting[]; wanted: string }) {
  const needle = wanted.trim().toLowerCase();
  const shown = settings.filter((setting) =>
    `${setting.key} ${setting.description} ${setting.envVar ?? ""}`.toLowerCase().includes(needle),
  );
  if (shown.length === 0) return <p className="py-6 text-center text-soft">No setting fits “{wanted}”.</p>;
  return [...Map.groupBy(shown, (setting) => setting.category)].map(([category, own]) => (
    <section key={category} aria-label={category} className="flex flex-col gap-2">
      <h2 className="font-semibold first-letter:uppercase">{category.replaceAll("_", " ")}</h2>
      <ul className="divide-y divide-line rounded border border-line bg-surface-1">
        {own.map((setting) => (
          <Row key={setting.key} setting={setting} />
        ))}
      </ul>
    </section>
  ));
}

const SOURCES: Record<Setting["source"], { word: string; tone: Tone }> = {
  database: { word: "set here", tone: "accent" },
  environment: { word: "environment", tone: "info" },
  file: { word: "config.toml", tone: "info" },
  default: { word: "default", tone: "neutral" },
};

function Row({ setting }: { setting: Setting }) {
  const [open, setOpen] = useState<"change" | "reset" | null>(null);
  const source = SOURCES[setting.source];
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-72">
        <h3 className="mono text-sm font-medium [overflow-wrap:anywhere]">{setting.key}</h3>
        <p className="mt-0.5 text-sm text-soft">
          <Ticks text={setting.description} />
        </p>
        {setting.readOnly && (
          <p className="mt-1 text-sm text-faint">
            <Ticks text={setting.readOnlyReason ?? `Set it by ${setting.envVar ?? "the environment"}.`} />
          </p>
        )}
        {setting.problem && (
          <p className="mt-1 flex items-start gap-1.5 text-sm text-ask">
            <TriangleAlert size={14} aria-hidden="true" className="mt-0.5 shrink-0" />
            <span>
              What is stored is ignored: <Ticks text={setting.problem} />
            </span>
          </p>
        )}
      </div>
      <div className="flex min-w-0 flex-wrap items-center justify-end gap-2 max-sm:w-full max-sm:justify-start">
        <span
          className={cx("max-w-64 truncate text-sm", setting.secret || !setting.isSet ? "text-soft" : "mono")}
          title={shownValue(setting)}
        >
          {shownValue(setting)}
        </span>
        <Badge tone={source.tone}>{source.word}</Badge>
        {setting.effective === "at_next_start" && !setting.readOnly && (
          <Badge tone="ask">at next start</Badge>
        )}
        {!setting.readOnly && <Button onClick={() => setOpen("change")}>Change</Button>}
        {!setting.readOnly && setting.source === "database" && (
          <Button look="quiet" onClick={() => setOpen("reset")}>
            Reset
          </Button>
        )}
      </div>
      {open === "change" && <SettingDialog setting={setting} onClose={() => setOpen(null)} />}
      {open === "reset" && (
        <Confirm
          title={`Reset ${setting.key}?`}
          action="Reset"
          onConfirm={() => reset(setting.key)}
          onClose={() => setOpen(null)}
        >
          What is stored is taken away; the environment, <code>config.toml</code> or the default (
          {shownValue(setting, setting.default)}) holds then.
        </Confirm>
      )}
    </li>
  );
}

async function reset(key: string): Promise<void> {
  const next = await resetSetting(key);
  keepSetting(next);
  toast({ tone: "ok", text: `\`${key}\` is ${shownValue(next)} again.` });
}
