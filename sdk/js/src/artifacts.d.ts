/** A file that goes with the result. */
export interface Artifact {
  id: string;
  /** Without folders and without what would not be seen. */
  name: string;
  mediaType: string;
  /** In bytes. */
  size: number;
}
/** Gives a file with the result, such as `give("chart.svg", "image/svg+xml", text)`. */
export function give(name: string, mediaType: string, content: string | Uint8Array): Artifact;
