import { Ban, History, OctagonX, TriangleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useIsAdmin } from "@/api/queries";
import type { Plugin, PluginIncident } from "@/api/types";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { When } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { useReload } from "./Actions";
import { ReviewDialog } from "./ReviewDialog";

const KINDS: Record<PluginIncident["kind"], { title: string; icon: ReactNode; soft: boolean }> = {
  quarantined: { title: "Quarantined", icon: <OctagonX size={17} />, soft: false },
  rolled_back: { title: "Rolled back", icon: <History size={17} />, soft: true },
  revoked: { title: "Revoked", icon: <Ban size={17} />, soft: false },
};

/** Why a plugin does not run as it should, since when, and the way back. */
export function Incident({ plugin }: { plugin: Plugin }) {
  const { incident, problem } = plugin;
  // A rollback says itself as a problem; anything else is another one.
  const other =
    problem && (!incident || (incident.kind === "rolled_back" && !problem.includes("rolled back")));
  return (
    <>
      {incident && <Told plugin={plugin} incident={incident} />}
      {other && (
        <Box title="A problem" icon={<TriangleAlert size={17} />} soft={plugin.state !== "broken"}>
          <p className="[overflow-wrap:anywhere]">
            <Ticks text={problem} />
          </p>
        </Box>
      )}
    </>
  );
}

function Told({ plugin, incident }: { plugin: Plugin; incident: PluginIncident }) {
  const isAdmin = useIsAdmin();
  const reload = useReload(plugin.id);
  const [upgrading, setUpgrading] = useState(false);
  const { title, icon, soft } = KINDS[incident.kind];
  return (
    <Box title={title} icon={icon} soft={soft}>
      <p className="[overflow-wrap:anywhere]">
        <Ticks text={incident.reason} />
      </p>
      <p className="text-sm text-soft">
        {incident.since && (
          <>
            Since <When at={incident.since} />
          </>
        )}
        {incident.until && (
          <>
            {incident.since ? "; it ends by itself " : "It ends by itself "}
            <When at={incident.until} />
          </>
        )}
      </p>
      <p className="text-sm [overflow-wrap:anywhere]">
        <Ticks text={incident.remedy} />
      </p>
      {isAdmin && (
        <div className="mt-1 flex flex-wrap gap-2">
          {incident.wayBack === "reload" && (
            <Button busy={reload.isPending} onClick={() => reload.mutate()}>
              {incident.kind === "quarantined" ? "End the quarantine" : `Try ${incident.version} again`}
            </Button>
          )}
          {plugin.origin && (
            <Button
              look={incident.wayBack === "upgrade" ? "primary" : "plain"}
              onClick={() => setUpgrading(true)}
            >
              Look for another version
            </Button>
          )}
        </div>
      )}
      {upgrading && <ReviewDialog plugin={plugin.id} onClose={() => setUpgrading(false)} />}
    </Box>
  );
}

function Box({
  title,
  icon,
  soft,
  children,
}: {
  title: string;
  icon: ReactNode;
  soft: boolean;
  children: ReactNode;
}) {
  return (
    <section
      aria-label={title}
      className={cx(
        "flex gap-2.5 rounded border p-3",
        soft ? "border-ask/50 bg-ask-soft" : "border-deny/50 bg-deny-soft",
      )}
    >
      <span className={cx("mt-0.5 shrink-0", soft ? "text-ask" : "text-deny")} aria-hidden="true">
        {icon}
      </span>
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <h2 className="font-semibold">{title}</h2>
        {children}
      </div>
    </section>
  );
}
