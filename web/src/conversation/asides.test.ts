import { describe, expect, it } from "vitest";
import { ASIDES_MAX, addAside, refuseAside } from "./asides";
import { applyEvents } from "./reducer";
import { event, SESSION } from "./testing";
import { emptyConversation } from "./types";

const start = emptyConversation(SESSION);

function beside(messageId: string, role: "user" | "assistant" | "system", text: string, answers?: string) {
  const more = { sideChannel: true, ...(answers && { answers }) };
  return event({ type: "chat.message", payload: { messageId, role, text, ...more } });
}

describe("a question beside the conversation", () => {
  it("is no part of it, and gets its answer", () => {
    const asked = addAside(start, "local-1", "why red?", "now");
    const state = applyEvents(asked, [
      beside("q1", "user", "why red?"),
      beside("a1", "assistant", "Because.", "q1"),
    ]);
    expect(state.items).toEqual([]);
    expect(state.asides).toMatchObject([
      { id: "q1", question: "why red?", answer: "Because.", sending: false },
    ]);
  });

  it("is the same when its answer comes first, or everything twice", () => {
    const [question, answer] = [beside("q1", "user", "why?"), beside("a1", "assistant", "So.", "q1")];
    const state = applyEvents(start, [answer, question]);
    expect(state.asides).toMatchObject([{ id: "q1", question: "why?", answer: "So." }]);
    expect(applyEvents(state, [question, answer]).asides).toEqual(state.asides);
  });

  it("says why it has no answer", () => {
    const failed = applyEvents(start, [
      beside("q1", "user", "why?"),
      beside("s1", "system", "the model is away", "q1"),
    ]);
    expect(failed.asides).toMatchObject([{ problem: "the model is away" }]);
    const refused = refuseAside(addAside(start, "local-1", "why?", "now"), "local-1", "one at a time");
    expect(refused.asides).toMatchObject([{ problem: "one at a time", sending: false }]);
  });

  it("is forgotten when there are many newer ones", () => {
    const many = Array.from({ length: ASIDES_MAX + 5 }, (_, index) =>
      beside(`q${index}`, "user", `${index}`),
    );
    const { asides } = applyEvents(start, many);
    expect(asides).toHaveLength(ASIDES_MAX);
    expect(asides[0]?.id).toBe("q5");
  });
});
