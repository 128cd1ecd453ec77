// The form of a question: a flat object of JSON Schema, as the server has checked it.

export interface FormField {
  name: string;
  label: string;
  help: string;
  type: "string" | "number" | "integer" | "boolean" | "array";
  /** What the browser's own fields know: `email`, `uri`, `date` or `date-time`. */
  format: string | null;
  required: boolean;
  choices: readonly { value: string; label: string }[] | null;
  fallback: string;
}

interface Choices {
  enum?: string[];
  enumNames?: string[];
  oneOf?: Titled[];
  anyOf?: Titled[];
}

interface Titled {
  const: string;
  title?: string;
}

interface Property extends Choices {
  type?: string;
  title?: string;
  description?: string;
  format?: string;
  items?: Choices;
  default?: unknown;
}

/** The fields of a form, in their order. */
export function formFields(schema: unknown): FormField[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    label: property.title ?? name,
    help: property.description ?? "",
    type: (property.type ?? "string") as FormField["type"],
    format: property.format ?? null,
    required: required.includes(name),
    choices: choicesOf(property.items ?? property),
    // A list is kept as its values with line breaks between them.
    fallback: Array.isArray(property.default)
      ? property.default.join("\n")
      : property.default === undefined
        ? ""
        : String(property.default),
  }));
}

function choicesOf(from: Choices): FormField["choices"] {
  const titled = from.oneOf ?? from.anyOf;
  if (titled) return titled.map((one) => ({ value: one.const, label: one.title ?? one.const }));
  return from.enum?.map((value, index) => ({ value, label: from.enumNames?.[index] ?? value })) ?? null;
}

/** The values of a list. */
export const listOf = (value: string): string[] => (value === "" ? [] : value.split("\n"));

/** The answer that the values stand for; what is left empty is left out. A box that was not touched says no. */
export function answerOf(
  fields: readonly FormField[],
  values: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const answer: Record<string, unknown> = {};
  for (const { name, type, fallback } of fields) {
    const raw = values[name] ?? fallback;
    if (type === "boolean") answer[name] = raw === "true";
    else if (type === "array") answer[name] = listOf(raw);
    else if (raw === "") continue;
    // What is no number goes out as it is, so that the server says what would fit.
    else answer[name] = type === "string" || Number.isNaN(Number(raw)) ? raw : Number(raw);
  }
  return answer;
}
