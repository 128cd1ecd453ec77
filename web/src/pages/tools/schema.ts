// Forms from the JSON Schema of a tool's arguments.

export interface SchemaField {
  name: string;
  type: "string" | "number" | "integer" | "boolean" | "json";
  description: string;
  required: boolean;
  choices: readonly string[] | null;
  fallback: string;
  /** Long text is likely, so it gets more than a line. */
  long: boolean;
}

interface Property {
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  default?: unknown;
  maxLength?: number;
}

const LONG_NAMES = /content|text|body|message|input|script|patch|^(old|new)/i;

/** The fields of an object schema; what has no simple form is written as JSON. */
export function fieldsOf(schema: unknown): SchemaField[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  const fields = Object.entries(properties).map(([name, property]) =>
    fieldOf(name, property, required.includes(name)),
  );
  return [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required)];
}

function fieldOf(name: string, property: Property, required: boolean): SchemaField {
  const types = [property.type ?? []].flat().filter((type) => type !== "null");
  const simple = types.length === 1 && /^(string|number|integer|boolean)$/.test(types[0] ?? "");
  const type = simple ? (types[0] as SchemaField["type"]) : "json";
  const choices = property.enum?.every((value) => typeof value === "string")
    ? (property.enum as string[])
    : null;
  return {
    name,
    type,
    description: property.description ?? "",
    required,
    choices,
    fallback: property.default === undefined ? "" : String(property.default),
    long: type === "string" && LONG_NAMES.test(name),
  };
}

export type Values = Record<string, string>;

export type Read =
  | { ok: true; arguments: Record<string, unknown> }
  | { ok: false; errors: Record<string, string> };

/** The arguments that the values stand for; what is left empty is left out, unless it must be there. */
export function readValues(fields: readonly SchemaField[], values: Values): Read {
  const args: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const raw = values[field.name] ?? "";
    if (raw === "") {
      if (field.required && field.type === "string" && !field.choices) args[field.name] = "";
      else if (field.required) errors[field.name] = "This must be given.";
      continue;
    }
    const value = readValue(field, raw);
    if (value === undefined) errors[field.name] = problemOf(field);
    else args[field.name] = value;
  }
  return Object.keys(errors).length > 0 ? { ok: false, errors } : { ok: true, arguments: args };
}

function readValue(field: SchemaField, raw: string): unknown {
  switch (field.type) {
    case "string":
      return raw;
    case "boolean":
      return raw === "true";
    case "number":
    case "integer": {
      const value = Number(raw);
      const fits = Number.isFinite(value) && (field.type === "number" || Number.isInteger(value));
      return fits ? value : undefined;
    }
    case "json":
      try {
        return JSON.parse(raw);
      } catch {
        return undefined;
      }
  }
}

function problemOf(field: SchemaField): string {
  if (field.type === "json")
    return 'This is not JSON. A list looks like ["a", "b"], an object like {"a": 1}.';
  return field.type === "integer" ? "This must be a whole number." : "This must be a number.";
}
