import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import type { BrowserSession } from "./types";

// The client of the API asks the page where it is from.
vi.stubGlobal("window", { location: { origin: "http://octi.test" } });
const { becomes, sessionQuery } = await import("./queries");

const ADA = {
  user: { id: "1", username: "ada", isAdmin: true, createdAt: "2026-01-01T00:00:00Z" },
  csrfToken: "x",
  expiresAt: "2026-02-01T00:00:00Z",
} satisfies BrowserSession;

test("whoever looks at who is signed in hears of the sign-out, and nothing of the person is left", () => {
  const client = new QueryClient();
  client.setQueryData(sessionQuery.queryKey, ADA);
  client.setQueryData(["messages", "7"], ["private"]);
  const heard: unknown[] = [];
  const observer = new QueryObserver(client, { ...sessionQuery, enabled: false });
  const stop = observer.subscribe((result) => heard.push(result.data));
  becomes(client, null);
  expect(observer.getCurrentResult().data).toBeNull();
  expect(client.getQueryData(["messages", "7"])).toBeUndefined();
  stop();
});
