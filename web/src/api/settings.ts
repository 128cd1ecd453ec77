import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { Setting } from "./types";

const at = (key: string) => `/api/settings/${encodeURIComponent(key)}`;

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: () => call<{ items: Setting[] }>("GET", "/api/settings"),
});

export const storeSetting = (key: string, value: unknown) => call<Setting>("PUT", at(key), { value });

/** Takes away what is stored, so that the environment, the file or the default holds. */
export const resetSetting = (key: string) => call<Setting>("DELETE", at(key));
