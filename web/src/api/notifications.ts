import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { queryClient } from "./queries";
import type { NotificationPage, NotificationPreferences } from "./types";

const KEY = "notifications";
const NEWEST = 8;
const PAGE = 50;

const page = (query: Record<string, string>) =>
  call<NotificationPage>("GET", `/api/notifications?${new URLSearchParams(query)}`);

/** The newest ones and how many are unread. */
export const newestQuery = queryOptions({
  queryKey: [KEY, "newest"],
  queryFn: () => page({ limit: String(NEWEST) }),
});

export const notificationsQuery = (unread: boolean) =>
  infiniteQueryOptions({
    queryKey: [KEY, unread ? "unread" : "all"],
    queryFn: ({ pageParam }) =>
      page({
        limit: String(PAGE),
        ...(unread && { unread: "true" }),
        ...(pageParam && { cursor: pageParam }),
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
  });

export const preferencesQuery = queryOptions({
  queryKey: [KEY, "preferences"],
  queryFn: () => call<NotificationPreferences>("GET", "/api/notifications/preferences"),
});

export async function storePreferences(preferences: NotificationPreferences): Promise<void> {
  queryClient.setQueryData(preferencesQuery.queryKey, preferences);
  try {
    await call("PUT", "/api/notifications/preferences", preferences);
  } finally {
    await queryClient.invalidateQueries({ queryKey: preferencesQuery.queryKey });
  }
}

export async function markRead(id: string): Promise<void> {
  await call("POST", `/api/notifications/${encodeURIComponent(id)}/read`);
  await queryClient.invalidateQueries({ queryKey: [KEY] });
}

export async function markAllRead(): Promise<void> {
  await call("POST", "/api/notifications/read-all");
  await queryClient.invalidateQueries({ queryKey: [KEY] });
}
