// Which parts of the frame are open.
import { create } from "zustand";
import { readStored, writeStored } from "@/lib/stored";

interface UiState {
  /** The sidebar shows only icons. */
  narrow: boolean;
  /** On a phone: the sidebar is open over the page. */
  drawer: boolean;
  palette: boolean;
  /** The search for messages, and what it begins with. */
  find: string | null;
  keys: boolean;
}

export const useUi = create<UiState>(() => ({
  narrow: readStored("sidebar") === "narrow",
  drawer: false,
  palette: false,
  find: null,
  keys: false,
}));

export const openUi = (part: "drawer" | "palette" | "keys", open: boolean) =>
  useUi.setState({ [part]: open });

/** Opens the search for messages. */
export const find = (wanted = "") => useUi.setState({ find: wanted, palette: false });
export const closeFind = () => useUi.setState({ find: null });

export function toggleSidebar(): void {
  const narrow = !useUi.getState().narrow;
  writeStored("sidebar", narrow ? "narrow" : null);
  useUi.setState({ narrow });
}
