import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { availableQuery } from "@/api/plugins";
import { useIsAdmin } from "@/api/queries";
import type { Plugin } from "@/api/types";
import { Button } from "@/ui/Button";
import { Loaded } from "@/ui/Page";
import { Badge, Card } from "@/ui/parts";
import { ReviewDialog } from "./ReviewDialog";

/** The versions that there are of a plugin: what runs, what ran before it, and what its registry has. */
export function Versions({ plugin }: { plugin: Plugin }) {
  const isAdmin = useIsAdmin();
  return (
    <Card title="Versions">
      <ul className="flex flex-col text-sm">
        <Version version={plugin.version || "none"}>
          <Badge tone="allow">{plugin.version ? "runs" : "nothing runs"}</Badge>
        </Version>
        {plugin.previous && (
          <Version version={plugin.previous}>
            <Badge>kept: Roll back brings it back</Badge>
          </Version>
        )}
      </ul>
      {isAdmin && plugin.origin && <OfRegistry plugin={plugin} registry={plugin.origin.registry} />}
      {!plugin.origin && plugin.source === "folder" && (
        <p className="mt-2 text-sm text-faint">
          It came as a file; install another one to change its version.
        </p>
      )}
    </Card>
  );
}

function OfRegistry({ plugin, registry }: { plugin: Plugin; registry: string }) {
  const query = useQuery(availableQuery({ q: plugin.id, registry }));
  const [asked, setAsked] = useState<string | null>(null);
  return (
    <div className="mt-3 border-t border-line pt-3">
      <h3 className="mb-1 text-sm font-medium">In registry {registry}</h3>
      <Loaded query={query}>
        {({ items }) => {
          const versions = items.find((item) => item.plugin === plugin.id)?.versions ?? [];
          return versions.length === 0 ? (
            <p className="text-sm text-soft">It is not there any more.</p>
          ) : (
            <ul className="flex flex-col text-sm">
              {versions.map(({ version, yanked }) => (
                <Version key={version} version={version}>
                  {yanked && <Badge tone="ask">taken back: {yanked}</Badge>}
                  {version === plugin.version ? (
                    <Badge tone="allow">runs</Badge>
                  ) : (
                    <Button onClick={() => setAsked(version)}>
                      Review<span className="sr-only"> {version}</span>
                    </Button>
                  )}
                </Version>
              ))}
            </ul>
          );
        }}
      </Loaded>
      {asked && (
        <ReviewDialog plugin={plugin.id} registry={registry} version={asked} onClose={() => setAsked(null)} />
      )}
    </div>
  );
}

function Version({ version, children }: { version: string; children: React.ReactNode }) {
  return (
    <li className="flex min-h-9 flex-wrap items-center justify-between gap-2 py-0.5">
      <span className="tabular-nums">{version}</span>
      <span className="flex flex-wrap items-center gap-2">{children}</span>
    </li>
  );
}
