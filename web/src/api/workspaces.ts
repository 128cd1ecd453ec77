// The folders in which agents work, and the one in which conversations begin here.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { create } from "zustand";
import { readStored, writeStored } from "@/lib/stored";
import { api, ask } from "./client";
import { queryClient, sessionsQuery } from "./queries";
import type { Session, Workspace } from "./types";

export const workspacesQuery = queryOptions({
  queryKey: ["workspaces"],
  queryFn: () => ask(api.GET("/api/me/workspaces")),
});

/** The id that was chosen in this browser; null for the default one, whichever that is. */
const useStored = create<{ id: string | null }>(() => ({ id: readStored("workspace") }));

export function chooseWorkspace(id: string | null): void {
  writeStored("workspace", id);
  useStored.setState({ id });
}

/** Where the next conversation begins. One that is not there any more is forgotten by itself. */
export function useChosenWorkspace(): Workspace | undefined {
  const { data } = useQuery(workspacesQuery);
  const id = useStored((state) => state.id);
  return chosenOf(data?.items ?? [], id);
}

export const chosenOf = (all: readonly Workspace[], id: string | null | undefined): Workspace | undefined =>
  all.find((one) => one.id === id) ?? all.find((one) => one.isDefault);

/** Lets a conversation work in another workspace, in all of it. */
export async function moveSession(id: string, workspaceId: string): Promise<Session> {
  const moved = await ask(
    api.PATCH("/api/sessions/{id}", { params: { path: { id } }, body: { workspaceId, projectPath: "" } }),
  );
  await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
  return moved;
}
