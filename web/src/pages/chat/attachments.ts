// Files that are given to a session before the message that speaks of them.
import { useCallback, useEffect, useRef, useState } from "react";
import { uploadFile } from "@/api/client";
import { asFailure } from "@/api/errors";
import type { Artifact, MessageFile } from "@/api/types";
import { fitting } from "./fitting";

export interface Attachment {
  key: string;
  name: string;
  bytes: number;
  mediaType: string;
  /** How much of it has left, from 0 to 1. */
  progress: number;
  /** What it is in a message, once the server has it. */
  part?: MessageFile;
  problem?: string;
  /** A picture of it, for this page only. */
  preview?: string;
}

export interface Attachments {
  list: readonly Attachment[];
  /** Why files were not taken. */
  problem: string | null;
  add: (files: readonly File[]) => void;
  remove: (key: string) => void;
  clear: () => void;
  /** Whether every file is at the server. */
  ready: boolean;
}

/** Uploads what is added at once; `session` says into which one, and makes it when there is none yet. */
export function useAttachments(session: () => Promise<string>): Attachments {
  const [list, setList] = useState<readonly Attachment[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const stops = useRef(new Map<string, AbortController>());
  const latest = useRef({ list, session });
  latest.current = { list, session };

  const change = useCallback((key: string, more: Partial<Attachment>) => {
    setList((old) => old.map((one) => (one.key === key ? { ...one, ...more } : one)));
  }, []);

  const start = useCallback(
    async (key: string, file: File) => {
      const stop = new AbortController();
      stops.current.set(key, stop);
      try {
        const sessionId = await latest.current.session();
        const path = `/api/sessions/${sessionId}/attachments?${new URLSearchParams({ name: file.name })}`;
        const onProgress = (progress: number) => change(key, { progress });
        const { id, name, mediaType, bytes } = await uploadFile<Artifact>(
          path,
          file,
          onProgress,
          stop.signal,
        );
        change(key, { progress: 1, part: { artifactId: id, name, mediaType, bytes } });
      } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") return;
        change(key, { problem: asFailure(error).message });
      } finally {
        stops.current.delete(key);
      }
    },
    [change],
  );

  const add = useCallback(
    (files: readonly File[]) => {
      const { taken, problem } = fitting(files, latest.current.list.length);
      setProblem(problem);
      const added = taken.map((file) => ({ file, attachment: attachmentOf(file) }));
      setList((old) => [...old, ...added.map(({ attachment }) => attachment)]);
      for (const { file, attachment } of added) void start(attachment.key, file);
    },
    [start],
  );

  const remove = useCallback((key: string) => {
    stops.current.get(key)?.abort();
    setProblem(null);
    setList((old) => {
      forget(old.filter((one) => one.key === key));
      return old.filter((one) => one.key !== key);
    });
  }, []);

  const clear = useCallback(() => {
    setProblem(null);
    setList((old) => {
      forget(old);
      return [];
    });
  }, []);

  useEffect(() => {
    const running = stops.current;
    return () => {
      for (const stop of running.values()) stop.abort();
      forget(latest.current.list);
    };
  }, []);

  return { list, problem, add, remove, clear, ready: list.every((one) => one.part !== undefined) };
}

function attachmentOf(file: File): Attachment {
  const isPicture = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type);
  return {
    key: crypto.randomUUID(),
    name: file.name || "pasted",
    bytes: file.size,
    mediaType: file.type || "application/octet-stream",
    progress: 0,
    ...(isPicture && { preview: URL.createObjectURL(file) }),
  };
}

function forget(list: readonly Attachment[]): void {
  for (const { preview } of list) if (preview) URL.revokeObjectURL(preview);
}

/** Hears of files that are dropped anywhere on the page; says whether some hover over it. */
export function useDrop(onFiles: ((files: readonly File[]) => void) | undefined): boolean {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const holds = (event: DragEvent) =>
      latest.current !== undefined && Boolean(event.dataTransfer?.types.includes("Files"));
    const count = (event: DragEvent, by: number) => {
      if (!holds(event)) return;
      depth.current = Math.max(0, depth.current + by);
      setOver(depth.current > 0);
    };
    const enter = (event: DragEvent) => count(event, 1);
    const leave = (event: DragEvent) => count(event, -1);
    const hover = (event: DragEvent) => holds(event) && event.preventDefault();
    const drop = (event: DragEvent) => {
      if (!holds(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      latest.current?.([...(event.dataTransfer?.files ?? [])]);
    };
    const pairs = [
      ["dragenter", enter],
      ["dragleave", leave],
      ["dragover", hover],
      ["drop", drop],
    ] as const;
    for (const [name, hear] of pairs) window.addEventListener(name, hear);
    return () => {
      for (const [name, hear] of pairs) window.removeEventListener(name, hear);
    };
  }, []);
  return over;
}
