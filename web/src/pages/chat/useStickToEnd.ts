import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** How near the end counts as at the end. */
const NEAR_PX = 48;

/**
 * Follows new output while the reader is at the end. Who has scrolled up keeps what they read where it is, and is told how much
 * is new.
 */
export function useStickToEnd(ref: RefObject<HTMLDivElement | null>, count: number, version: unknown) {
  const atEnd = useRef(true);
  const top = useRef(0);
  const [seen, setSeen] = useState(count);
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    const box = ref.current;
    if (!box) return;
    atEnd.current = true;
    setAway(false);
    box.scrollTop = box.scrollHeight;
  }, [ref]);

  /** Does not follow any longer: something else is to be read. */
  const leaveEnd = useCallback(() => {
    atEnd.current = false;
    setAway(true);
  }, []);

  const onScroll = useCallback(() => {
    const box = ref.current;
    if (!box) return;
    // The end also moves away by itself, when something tall is added; only who goes up leaves it.
    if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX) atEnd.current = true;
    else if (box.scrollTop < top.current) atEnd.current = false;
    top.current = box.scrollTop;
    setAway(!atEnd.current);
  }, [ref]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changed the conversation may have changed its height
  useLayoutEffect(() => {
    if (!atEnd.current) return;
    const box = ref.current;
    if (box) box.scrollTop = box.scrollHeight;
    setSeen(count);
  }, [count, version]);

  // Code that gets its colours, or a card that is opened, changes the height as well.
  useEffect(() => {
    const inner = ref.current?.firstElementChild;
    if (!inner) return;
    const observer = new ResizeObserver(() => {
      const box = ref.current;
      if (box && atEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(inner);
    return () => observer.disconnect();
  }, [ref]);

  useEffect(() => {
    if (!away) setSeen(count);
  }, [away, count]);

  return { onScroll, toEnd, leaveEnd, away, fresh: Math.max(0, count - seen) };
}
