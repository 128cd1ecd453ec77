// What a program asks for, as it stands in the address.
const NAMES = [
  "client_id",
  "response_type",
  "redirect_uri",
  "scope",
  "state",
  "code_challenge",
  "code_challenge_method",
  "resource",
] as const;

type Name = (typeof NAMES)[number];

export type Asks = { client_id: string } & { [name in Name]?: string };

/** What stands in a query, or which name stands there twice: then nobody can tell which of the two is meant. */
export function asksOf(search: string): Asks | { twice: string } {
  const query = new URLSearchParams(search);
  const asks: Asks = { client_id: "" };
  for (const name of NAMES) {
    const [value, ...more] = query.getAll(name);
    if (more.length > 0) return { twice: name };
    if (value !== undefined) asks[name] = value;
  }
  return asks;
}
