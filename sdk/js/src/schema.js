// JSON Schema (2020-12), by small functions. What they give is plain JSON Schema, and wherever a schema is taken, plain JSON Schema
// will do as well.

const OPTIONAL = Symbol("optional");

function described(schema, description) {
  return description === undefined ? schema : { ...schema, description };
}

/** A text. `rules` are keywords such as `minLength`, `maxLength`, `pattern` or `format`. */
export function string(description, rules = {}) {
  return described({ type: "string", ...rules }, description);
}

/** A whole number. `rules` are keywords such as `minimum` and `maximum`. */
export function integer(description, rules = {}) {
  return described({ type: "integer", ...rules }, description);
}

/** A number. */
export function number(description, rules = {}) {
  return described({ type: "number", ...rules }, description);
}

/** True or false. */
export function boolean(description) {
  return described({ type: "boolean" }, description);
}

/** One of these texts. */
export function oneOf(values, description) {
  return described({ type: "string", enum: [...values] }, description);
}

/** A list. */
export function array(items, description, rules = {}) {
  return described({ type: "array", items: withoutMark(items), ...rules }, description);
}

/** An object whose keys are not known before, with values of one kind. */
export function record(values, description) {
  return described({ type: "object", additionalProperties: withoutMark(values) }, description);
}

/** A value, or null. */
export function nullable(schema) {
  return { anyOf: [withoutMark(schema), { type: "null" }] };
}

/** A field that may be left out. */
export function optional(schema) {
  return { ...schema, [OPTIONAL]: true };
}

/** A field that may be left out, and what it is then. The model is told; the tool gets `undefined`, so write the default there too. */
export function byDefault(schema, value) {
  return optional({ ...schema, default: value });
}

/** An object with exactly these fields. */
export function object(fields, description) {
  const names = Object.keys(fields);
  const properties = Object.fromEntries(names.map((name) => [name, withoutMark(fields[name])]));
  const required = names.filter((name) => !fields[name][OPTIONAL]);
  return described({ type: "object", properties, required, additionalProperties: false }, description);
}

function withoutMark(schema) {
  const { [OPTIONAL]: _, ...plain } = schema;
  return plain;
}
