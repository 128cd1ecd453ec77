import { useState } from "react";

/** Which parts were unfolded; what is scrolled away and drawn again is as it was left. */
const unfolded = new Set<string>();
const UNFOLDED_MAX = 500;

/** Whether a part is open, and how to change that. */
export function useFold(id: string): [boolean, () => void] {
  const [open, setOpen] = useState(() => unfolded.has(id));
  const toggle = () => {
    if (open) unfolded.delete(id);
    else unfolded.add(id);
    const oldest = unfolded.values().next();
    if (unfolded.size > UNFOLDED_MAX && !oldest.done) unfolded.delete(oldest.value);
    setOpen(!open);
  };
  return [open, toggle];
}
