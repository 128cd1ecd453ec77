import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Minus, Plus, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { acceptOffer, makeOffer, refreshPlugins } from "@/api/plugins";
import type { PluginOffer } from "@/api/types";
import { cx } from "@/lib/cx";
import { bytes, dateTime } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { CheckField } from "@/ui/Field";
import { Badge, Facts, Skeleton } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { toast } from "@/ui/toasts";
import { OfferTexts } from "./OfferTexts";

interface Props {
  plugin: string;
  registry?: string;
  version?: string;
  onClose: () => void;
}

/** What a plugin of a registry may do, before a person says yes. The server looks again when they do. */
export function ReviewDialog({ plugin, registry, version, onClose }: Props) {
  const client = useQueryClient();
  const [isTheirs, setIsTheirs] = useState(false);
  const offer = useQuery({
    queryKey: ["plugin-offer", plugin, registry, version],
    queryFn: () => makeOffer(plugin, registry, version),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const install = useMutation({
    mutationFn: acceptOffer,
    onSuccess: (installed) => {
      toast({ tone: "ok", text: `\`${installed.id}\` ${installed.version} is installed and running.` });
      onClose();
    },
    onSettled: () => refreshPlugins(client),
  });
  const again = () => {
    install.reset();
    setIsTheirs(false);
    void offer.refetch();
  };
  const found = offer.data;
  return (
    <Dialog title={found?.replaces ? `Change ${plugin}` : `Install ${plugin}`} onClose={onClose} wide>
      <div className="flex flex-col gap-4">
        {offer.isFetching && <Skeleton rows={5} />}
        {!offer.isFetching && offer.error && <ErrorBox error={offer.error} onRetry={again} />}
        {!offer.isFetching && found && <Offer offer={found} />}
        {!offer.isFetching && found?.isNewPublisher && (
          <CheckField
            label={`This key belongs to ${plugin.split("/")[0]}, as they say elsewhere`}
            help={<code className="text-xs break-all">{found.publisherKey}</code>}
            checked={isTheirs}
            onChange={(event) => setIsTheirs(event.target.checked)}
          />
        )}
        {install.error && <ErrorBox error={install.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          {install.error && <Button onClick={again}>Look again</Button>}
          <Button
            look="primary"
            busy={install.isPending}
            disabled={!found || offer.isFetching || (found.isNewPublisher && !isTheirs)}
            onClick={() => found && install.mutate(found)}
          >
            {found?.replaces ? `Install ${found.version}` : "Install"}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Offer({ offer }: { offer: PluginOffer }) {
  const publisher = offer.plugin.split("/")[0];
  return (
    <div className="flex flex-col gap-4">
      <p className="text-soft">{offer.description}</p>
      {offer.warnings.map((warning) => (
        <p
          key={warning}
          className="flex items-start gap-2 rounded border border-ask/50 bg-ask-soft p-2.5 text-sm"
        >
          <TriangleAlert size={15} className="mt-0.5 shrink-0 text-ask" aria-hidden="true" />
          <span className="[overflow-wrap:anywhere]">
            <Ticks text={warning} />
          </span>
        </p>
      ))}
      <Rights offer={offer} />
      {offer.hasTexts && <OfferTexts id={offer.id} />}
      <Facts
        facts={[
          ["Version", offer.replaces ? `${offer.version}, in the place of ${offer.replaces}` : offer.version],
          ["Registry", offer.registry],
          [
            "Publisher",
            <span key="publisher">
              {publisher}, key <code className="text-xs">{offer.publisherKeyId}</code>:{" "}
              {offer.trusted ?? <strong className="font-medium text-ask">nothing is known of them</strong>}
            </span>,
          ],
          ["Signed", dateTime(offer.signedAt)],
          ["Size", bytes(offer.bytes)],
          ...(offer.license ? [["Licence", offer.license] as const] : []),
          [
            "Package",
            <code key="package" className="text-xs">
              {offer.package}
            </code>,
          ],
        ]}
      />
    </div>
  );
}

/** Everything that it may do, and what of it is new. */
function Rights({ offer }: { offer: PluginOffer }) {
  const isUpgrade = Boolean(offer.replaces);
  const added = offer.rights.filter(({ isNew }) => isNew).length;
  return (
    <section aria-label="What it may do">
      <h3 className="mb-1.5 text-sm font-semibold">
        It may
        {isUpgrade && added > 0 && (
          <span className="font-normal text-soft">
            {" "}
            ({added} new {added === 1 ? "right" : "rights"})
          </span>
        )}
      </h3>
      {offer.rights.length === 0 ? (
        <p className="text-soft">It asks for nothing: it can only compute.</p>
      ) : (
        <ul className="overflow-hidden rounded border border-line text-sm">
          {offer.rights.map((right) => (
            <Right
              key={right.text}
              text={right.text}
              reason={right.reason}
              change={isUpgrade && right.isNew ? "new" : null}
            />
          ))}
          {offer.givenUp.map((text) => (
            <Right key={text} text={text} change="given up" />
          ))}
        </ul>
      )}
    </section>
  );
}

function Right({
  text,
  reason,
  change,
}: {
  text: string;
  reason?: string | null | undefined;
  change: "new" | "given up" | null;
}) {
  return (
    <li
      className={cx(
        "flex items-start gap-2 border-b border-line px-3 py-1.5 last:border-b-0",
        change === "new" && "bg-ask-soft",
      )}
    >
      <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        <span className={cx(change === "given up" && "line-through")}>{text}</span>
        {reason && <q className="ml-2 text-soft">{reason}</q>}
      </span>
      {change === "new" && (
        <Badge tone="ask" icon={<Plus size={12} />}>
          new
        </Badge>
      )}
      {change === "given up" && (
        <Badge tone="allow" icon={<Minus size={12} />}>
          given up
        </Badge>
      )}
    </li>
  );
}
