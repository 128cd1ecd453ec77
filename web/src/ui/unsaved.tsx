// What was typed into a form is not thrown away by a wrong key or a wrong click.
import { useBlocker } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Confirm } from "./Dialog";

interface Guard {
  /** Does something that loses what was typed, after asking. */
  ask: (leave: () => void) => void;
  /** What was typed is kept by the server now, and the page may be left at once. */
  saved: () => void;
  /** The question, while it is asked. */
  question: ReactNode;
}

/** As long as something is unsaved, whoever goes to another page, closes the tab or loads it again is asked first. */
export function useUnsaved(unsaved: boolean): Guard {
  const state = useRef({ unsaved, saved: false });
  state.current.unsaved = unsaved;
  useEffect(() => {
    if (!unsaved) state.current.saved = false;
  }, [unsaved]);
  const isUnsaved = useCallback(() => state.current.unsaved && !state.current.saved, []);
  const blocker = useBlocker({
    shouldBlockFn: isUnsaved,
    enableBeforeUnload: isUnsaved,
    disabled: !unsaved,
    withResolver: true,
  });
  const [leave, setLeave] = useState<(() => void) | null>(null);
  const saved = useCallback(() => {
    state.current.saved = true;
  }, []);
  const ask = (next: () => void) => (isUnsaved() ? setLeave(() => next) : next());
  const question =
    leave !== null ? (
      <ThrowAway onLeave={leave} onStay={() => setLeave(null)} />
    ) : blocker.status === "blocked" ? (
      <ThrowAway onLeave={blocker.proceed} onStay={blocker.reset} />
    ) : null;
  return { ask, saved, question };
}

function ThrowAway({ onLeave, onStay }: { onLeave: () => void; onStay: () => void }) {
  return (
    <Confirm
      title="Throw away what you typed?"
      action="Throw it away"
      onConfirm={async () => onLeave()}
      onClose={onStay}
    >
      It is not saved yet, and is gone when you leave.
    </Confirm>
  );
}
