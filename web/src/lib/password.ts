/** As the server asks for. */
export const PASSWORD_CHARS_MIN = 10;

/** Why a password would be refused, before it is sent. */
export function passwordProblem(password: string): string | null {
  const length = [...password].length;
  return length < PASSWORD_CHARS_MIN ? `${PASSWORD_CHARS_MIN - length} more characters are needed.` : null;
}
