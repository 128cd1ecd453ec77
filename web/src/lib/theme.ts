import { create } from "zustand";
import { readStored, writeStored } from "./stored";

export type Theme = "system" | "light" | "dark";

function stored(): Theme {
  const value = readStored("theme");
  return value === "light" || value === "dark" ? value : "system";
}

export const useTheme = create<{ theme: Theme }>(() => ({ theme: stored() }));

export function setTheme(theme: Theme): void {
  writeStored("theme", theme === "system" ? null : theme);
  useTheme.setState({ theme });
  showTheme();
}

/** Tells the style sheet; "system" is the absence of a choice. */
export function showTheme(): void {
  const { theme } = useTheme.getState();
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
