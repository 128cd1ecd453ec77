import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { SearchPage } from "./types";

/** Shorter words are everywhere. */
export const SEARCH_CHARS_MIN = 2;

/** Messages in which the words are. */
export const searchQuery = (wanted: string, limit: number) =>
  queryOptions({
    queryKey: ["search", wanted, limit],
    queryFn: () =>
      call<SearchPage>("GET", `/api/search?${new URLSearchParams({ q: wanted, limit: String(limit) })}`),
    enabled: wanted.length >= SEARCH_CHARS_MIN,
    placeholderData: keepPreviousData,
    retry: false,
  });
