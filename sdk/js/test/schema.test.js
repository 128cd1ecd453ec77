import assert from "node:assert/strict";
import { test } from "node:test";
import { schema as s } from "@octi/plugin";

test("an object has its fields, and only those that must be there are required", () => {
  const schema = s.object({
    path: s.string("The file.", { minLength: 1 }),
    depth: s.byDefault(s.integer(), 3),
    tags: s.optional(s.array(s.oneOf(["a", "b"]))),
    more: s.optional(s.record(s.nullable(s.number()))),
  });
  assert.deepEqual(schema, {
    type: "object",
    properties: {
      path: { type: "string", minLength: 1, description: "The file." },
      depth: { type: "integer", default: 3 },
      tags: { type: "array", items: { type: "string", enum: ["a", "b"] } },
      more: { type: "object", additionalProperties: { anyOf: [{ type: "number" }, { type: "null" }] } },
    },
    required: ["path"],
    additionalProperties: false,
  });
  // The mark of what may be left out is no part of the JSON.
  assert.deepEqual(Reflect.ownKeys(schema.properties.tags), ["type", "items"]);
});

test("plain JSON Schema will do", () => {
  const plain = { type: "string", format: "date" };
  assert.deepEqual(s.object({ day: plain }).properties.day, plain);
});
