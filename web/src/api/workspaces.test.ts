import { expect, test, vi } from "vitest";
import type { Workspace } from "./types";

// The client of the API asks the page where it is from.
vi.stubGlobal("window", { location: { origin: "http://octi.test" } });
const { chosenOf } = await import("./workspaces");

const workspace = (id: string, isDefault = false): Workspace => ({
  id,
  slug: id,
  name: id,
  isDefault,
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:00Z",
});

test("what is not there any more is the default workspace", () => {
  const all = [workspace("a", true), workspace("b")];
  expect(chosenOf(all, "b")?.id).toBe("b");
  for (const gone of ["c", null, undefined]) expect(chosenOf(all, gone)?.id).toBe("a");
  expect(chosenOf([], "b")).toBeUndefined();
});
