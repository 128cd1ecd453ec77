// Questions beside the conversation, and their answers.
import type { components } from "@/api/schema";
import type { Aside, Conversation } from "./types";

type Said = components["schemas"]["ChatMessage"];

/** More are forgotten, the oldest first. */
export const ASIDES_MAX = 20;

/** Shows a question before the server confirms it. */
export function addAside(state: Conversation, id: string, question: string, at: string): Conversation {
  return { ...state, asides: [...state.asides, { id, question, at, sending: true }].slice(-ASIDES_MAX) };
}

/** The server did not take a question and says why. */
export function refuseAside(state: Conversation, id: string, problem: string): Conversation {
  return change(state, id, (aside) => ({ ...aside, problem, sending: false }));
}

/** A question, its answer, or why it has none: events may come twice, and the answer before the question. */
export function onAside(state: Conversation, said: Said, at: string): Conversation {
  const { messageId, role, text } = said;
  if (role === "user") {
    if (state.asides.some((aside) => aside.id === messageId && aside.question !== "")) return state;
    const known = state.asides.findIndex(
      (aside) => aside.id === messageId || (aside.sending === true && aside.question === text),
    );
    const aside: Aside = { ...state.asides[known], id: messageId, question: text, at, sending: false };
    const asides = known < 0 ? [...state.asides, aside] : state.asides.with(known, aside);
    return { ...state, asides: asides.slice(-ASIDES_MAX) };
  }
  if (!said.answers) return state;
  const outcome = role === "system" ? { problem: text } : { answer: text };
  if (state.asides.some((aside) => aside.id === said.answers))
    return change(state, said.answers, (aside) => ({ ...aside, ...outcome }));
  return { ...state, asides: [...state.asides, { id: said.answers, question: "", at, ...outcome }] };
}

function change(state: Conversation, id: string, next: (aside: Aside) => Aside): Conversation {
  return { ...state, asides: state.asides.map((aside) => (aside.id === id ? next(aside) : aside)) };
}
