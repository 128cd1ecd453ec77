import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Loaded } from "@/ui/Page";
import { difference } from "./difference";

/** What its role or skill tells models. It is shown as it is and gives no right, whatever it says. */
export function OfferTexts({ id }: { id: string }) {
  const [shown, setShown] = useState(false);
  const query = useQuery({
    queryKey: ["plugin-offer-texts", id],
    queryFn: () => ask(api.GET("/api/plugin-offers/{id}/texts", { params: { path: { id } } })),
    enabled: shown,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return (
    <section aria-label="What it tells models">
      <h3 className="mb-1.5 text-sm font-semibold">What it tells models</h3>
      <p className="mb-2 text-sm text-soft">
        Texts of its role or skill. They are data: they grant nothing, and they add no tool.
      </p>
      {shown ? (
        <Loaded query={query}>
          {({ items }) => (
            <div className="flex flex-col gap-3">
              {items.map(({ name, text, before }) => (
                <Text key={name} name={name} text={text} before={before ?? null} />
              ))}
            </div>
          )}
        </Loaded>
      ) : (
        <Button onClick={() => setShown(true)}>Show its texts</Button>
      )}
    </section>
  );
}

function Text({ name, text, before }: { name: string; text: string; before: string | null }) {
  const lines = difference(before, text);
  return (
    <figure>
      <figcaption className="mb-1 text-sm font-medium">
        {name}
        {before !== null && <span className="font-normal text-soft">, against what runs now</span>}
      </figcaption>
      <pre className="mono max-h-72 overflow-auto rounded border border-line bg-surface-2 py-2 text-xs whitespace-pre-wrap [overflow-wrap:anywhere]">
        {lines.map(({ change, line }, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a line has nothing but its place
            key={index}
            className={cx(
              "block px-3",
              change === "+" && "bg-allow-soft",
              change === "-" && "bg-deny-soft line-through",
            )}
          >
            {before !== null && `${change} `}
            {line}
          </span>
        ))}
      </pre>
    </figure>
  );
}
