import { expect, test } from "vitest";
import { answerOf, formFields } from "./questionForm";

const schema = {
  type: "object",
  properties: {
    count: { type: "integer", title: "How many", description: "At least one" },
    size: { type: "string", enum: ["s", "m"], enumNames: ["Small", "Medium"], default: "m" },
    gift: { type: "boolean" },
    note: { type: "string" },
  },
  required: ["count"],
};

test("a form has its fields in order, with what a person reads", () => {
  const fields = formFields(schema);
  expect(fields.map(({ label, required }) => [label, required])).toEqual([
    ["How many", true],
    ["size", false],
    ["gift", false],
    ["note", false],
  ]);
  expect(fields[1]?.choices).toEqual([
    { value: "s", label: "Small" },
    { value: "m", label: "Medium" },
  ]);
});

test("several of a list are an array, in the order in which they were chosen", () => {
  const anyOf = [{ const: "a", title: "Ant" }, { const: "b" }];
  const fields = formFields({ properties: { some: { type: "array", items: { anyOf }, default: ["b"] } } });
  expect(fields[0]?.choices?.map(({ label }) => label)).toEqual(["Ant", "b"]);
  expect(answerOf(fields, {})).toEqual({ some: ["b"] });
  expect(answerOf(fields, { some: "b\na" })).toEqual({ some: ["b", "a"] });
});

test("an answer has the types of its fields, and nothing for what was left empty", () => {
  const fields = formFields(schema);
  expect(answerOf(fields, { count: "2", note: "" })).toEqual({ count: 2, size: "m", gift: false });
  expect(answerOf(fields, { count: "many", size: "", gift: "true" })).toEqual({ count: "many", gift: true });
});
