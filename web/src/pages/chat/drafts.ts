import { useEffect, useState } from "react";
import { readStored, writeStored } from "@/lib/stored";

const key = (place: string) => `draft.${place}`;

/** What is written but not sent; it survives leaving the conversation and loading the page again. */
export function useDraft(place: string): [string, (text: string) => void] {
  const [draft, setDraft] = useState({ place, text: readStored(key(place)) ?? "" });
  const text = draft.place === place ? draft.text : (readStored(key(place)) ?? "");
  useEffect(() => {
    if (draft.place !== place) setDraft({ place, text: readStored(key(place)) ?? "" });
  }, [draft.place, place]);
  return [
    text,
    (next) => {
      writeStored(key(place), next);
      setDraft({ place, text: next });
    },
  ];
}
