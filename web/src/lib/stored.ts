// Small things kept in this browser. A browser that keeps nothing, such as a private window, must work as well.

export function readStored(key: string): string | null {
  try {
    return window.localStorage.getItem(`octi.${key}`);
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: string | null): void {
  try {
    if (value === null || value === "") window.localStorage.removeItem(`octi.${key}`);
    else window.localStorage.setItem(`octi.${key}`, value);
  } catch {
    // The value holds until the page is left.
  }
}

/** Takes away what belongs to a person rather than to the browser. */
export function forgetPersonal(): void {
  try {
    for (const key of Object.keys(window.localStorage)) {
      if (key.startsWith("octi.draft.") || key === "octi.workspace") window.localStorage.removeItem(key);
    }
  } catch {
    // Nothing is kept.
  }
}
