// What a tool returns.

/** A result with a line for the person watching. Anything else that a tool returns is the result itself. */
export class Output {
  constructor(content, summary) {
    this.content = content;
    this.summary = summary;
  }
}

/** The structured result for the model, and one line for the person watching. */
export function output(content, summary) {
  return new Output(content, summary);
}
