// What tokens cost. Prices are in USD for a million tokens.
import type { Model, Usage } from "@/api/types";
import type { Cost } from "@/conversation/types";
import { number, usd } from "./format";

const PER = 1_000_000;

/** The cost of a use at the price of today, or nothing when the model or its price is not known. */
export function costOf(usage: Usage, model: Model | undefined): number | null {
  if (!model || model.priceIn == null || model.priceOut == null) return null;
  return (usage.inputTokens * model.priceIn + usage.outputTokens * model.priceOut) / PER;
}

export interface Total {
  inputTokens: number;
  outputTokens: number;
  estimated: boolean;
  /** Nothing when the price of any part is unknown. */
  cost: number | null;
}

export function totalOf(parts: readonly { model: string; usage: Usage }[], models: readonly Model[]): Total {
  const byName = new Map(models.map((model) => [model.name, model]));
  return parts.reduce<Total>(
    (total, { model, usage }) => {
      const cost = costOf(usage, byName.get(model));
      return {
        inputTokens: total.inputTokens + usage.inputTokens,
        outputTokens: total.outputTokens + usage.outputTokens,
        estimated: total.estimated || usage.estimated,
        cost: total.cost === null || cost === null ? null : total.cost + cost,
      };
    },
    { inputTokens: 0, outputTokens: 0, estimated: false, cost: 0 },
  );
}

/** What the server says of a conversation, or nothing when that cannot be read. */
export function readCost(data: unknown): Cost | null {
  if (data === null || typeof data !== "object") return null;
  const fields = data as Record<string, unknown>;
  const count = (name: string) => (typeof fields[name] === "number" ? fields[name] : 0);
  if (typeof fields.calls !== "number") return null;
  return {
    calls: fields.calls,
    inputTokens: count("inputTokens"),
    outputTokens: count("outputTokens"),
    costUsd: typeof fields.costUsd === "number" ? fields.costUsd : null,
    unpricedCalls: count("unpricedCalls"),
    estimatedCalls: count("estimatedCalls"),
  };
}

/** The sum in words, without claiming more than is known of it. */
export function costText({ calls, costUsd, unpricedCalls, estimatedCalls }: Cost): string {
  if (calls === 0) return usd(0);
  if (costUsd === null) return "no price set";
  if (unpricedCalls > 0) return `at least ${usd(costUsd)}`;
  return `${estimatedCalls > 0 && costUsd > 0 ? "about " : ""}${usd(costUsd)}`;
}

/** Why a sum is not exact, or nothing when it is. */
export function costNote({ calls, unpricedCalls, estimatedCalls }: Cost): string | null {
  const of = (count: number) => `${number(count)} of ${number(calls)} calls`;
  const notes = [
    ...(unpricedCalls > 0 && unpricedCalls < calls
      ? [`The price of ${of(unpricedCalls)} is not known.`]
      : []),
    ...(estimatedCalls > 0 ? [`The tokens of ${of(estimatedCalls)} are estimated.`] : []),
  ];
  return notes.length > 0 ? notes.join(" ") : null;
}
