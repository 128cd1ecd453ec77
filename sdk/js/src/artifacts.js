// Files beside the JSON of a result: pictures, sounds, documents. Needs `capabilities.artifacts`.
//
// The person sees them with the result, a program gets them with it, and the model is told of them by name. They go with the call if
// it succeeds; a call that fails gives none.

import * as raw from "octi:artifacts/artifacts@1.0.0";
import { chunks, toBytes } from "./bytes.js";
import { host } from "./errors.js";

/**
 * Gives a file with the result.
 *
 * @param {string} name
 * @param {string} mediaType
 * @param {string | Uint8Array} content
 */
export function give(name, mediaType, content) {
  const writer = host(() => raw.create(name, mediaType));
  for (const chunk of chunks(toBytes(content))) host(() => writer.write(chunk));
  const artifact = host(() => raw.Writer.finish(writer));
  return { ...artifact, size: Number(artifact.size) };
}
