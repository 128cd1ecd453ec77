export const prompts = [];

export function complete(request) {
  prompts.push(request);
  return { text: "short", inputTokens: 3n, outputTokens: 1n, stopReason: { tag: "length" } };
}
