// What is asked of the server about plugins.
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, ask } from "./client";
import { pluginsQuery, skillsQuery, toolsQuery } from "./queries";
import type { PluginOffer } from "./types";

/** The two parts of a plugin's id, as its routes want them. */
export function pathOf(id: string): { publisher: string; name: string } {
  const [publisher = "", name = ""] = id.split("/");
  return { publisher, name };
}

export const pluginQuery = (id: string) =>
  queryOptions({
    queryKey: ["plugins", id],
    queryFn: () => ask(api.GET("/api/plugins/{publisher}/{name}", { params: { path: pathOf(id) } })),
  });

/** How it has been doing; only administrators may ask. */
export const pluginHealthQuery = (id: string) =>
  queryOptions({
    queryKey: ["plugins", id, "health"],
    queryFn: () => ask(api.GET("/api/plugins/{publisher}/{name}/health", { params: { path: pathOf(id) } })),
    refetchInterval: 5_000,
  });

/** The same of every plugin. */
export const pluginsHealthQuery = queryOptions({
  queryKey: ["plugins", "health"],
  queryFn: () => ask(api.GET("/api/plugins/health")),
  refetchInterval: 5_000,
});

export const pluginAccessQuery = (id: string) =>
  queryOptions({
    queryKey: ["plugins", id, "access"],
    queryFn: () => ask(api.GET("/api/plugins/{publisher}/{name}/access", { params: { path: pathOf(id) } })),
  });

const AVAILABLE = "available-plugins";

/** What registries have. They are asked over the network, so an answer counts for a minute. */
export const availableQuery = (search: { q?: string; registry?: string; outdated?: boolean }) =>
  queryOptions({
    queryKey: [AVAILABLE, search],
    queryFn: () =>
      ask(api.GET("/api/plugin-registries/available", { params: { query: { ...search, limit: 200 } } })),
    staleTime: 60_000,
    retry: false,
  });

export const registriesQuery = queryOptions({
  queryKey: [AVAILABLE, "registries"],
  queryFn: () => ask(api.GET("/api/plugin-registries")),
});

export const makeOffer = (plugin: string, registry?: string, version?: string): Promise<PluginOffer> =>
  ask(
    api.POST("/api/plugin-offers", {
      body: { plugin, ...(registry && { registry }), ...(version && { version }) },
    }),
  );

/** A person's yes; the key is named when nothing was known of its publisher. */
export const acceptOffer = (offer: PluginOffer) =>
  ask(
    api.POST("/api/plugin-offers/{id}/accept", {
      params: { path: { id: offer.id } },
      body: {
        package: offer.package,
        reviewed: true,
        ...(offer.isNewPublisher && { publisherKey: offer.publisherKey }),
      },
    }),
  );

/** What runs is another now. */
export async function refreshPlugins(client: QueryClient): Promise<void> {
  const keys = [pluginsQuery.queryKey, toolsQuery.queryKey, skillsQuery.queryKey, [AVAILABLE]];
  await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
}
