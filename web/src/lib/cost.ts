// What tokens cost. Prices are in USD for a million tokens.
import type { Model, Usage } from "@/api/types";

const PER = 1_000_000;

/** The cost of a use, or nothing when the model or its price is not known. */
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
