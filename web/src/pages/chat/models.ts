import type { Model } from "@/api/types";

/** The chosen model while it is there; none stands for the default one. */
export function usableModel(models: readonly Model[] | undefined, chosen: string | null): string | null {
  return models && !models.some((model) => model.name === chosen) ? null : chosen;
}
