// Which files a message takes.
import { bytes } from "@/lib/format";

/** As in the server, which has the last word. */
export const FILES_MAX = 10;
export const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** Takes what fits and says what does not. */
export function fitting(files: readonly File[], already: number): { taken: File[]; problem: string | null } {
  const large = files.filter((file) => file.size > FILE_BYTES_MAX);
  const empty = files.filter((file) => file.size === 0);
  const good = files.filter((file) => file.size > 0 && file.size <= FILE_BYTES_MAX);
  const taken = good.slice(0, Math.max(0, FILES_MAX - already));
  const names = (some: readonly File[]) => some.map((file) => `“${file.name}”`).join(", ");
  const problems = [
    large.length > 0 && `${names(large)} is larger than ${bytes(FILE_BYTES_MAX)}; send a part of it.`,
    empty.length > 0 && `${names(empty)} is empty.`,
    taken.length < good.length && `A message takes ${FILES_MAX} files; send the rest with the next one.`,
  ].filter(Boolean);
  return { taken, problem: problems.length > 0 ? problems.join(" ") : null };
}
