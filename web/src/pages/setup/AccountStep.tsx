import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { call, keepCsrfToken } from "@/api/client";
import { fieldError } from "@/api/errors";
import { sessionQuery, setupQuery } from "@/api/queries";
import type { BrowserSession, SetUp } from "@/api/types";
import { PASSWORD_CHARS_MIN, passwordProblem } from "@/lib/password";
import { writeStored } from "@/lib/stored";
import { Button } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { TextField } from "@/ui/Field";

export function AccountStep({ codeRequired, onDone }: { codeRequired: boolean; onDone: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState({
    username: "admin",
    password: "",
    again: "",
    code: new URLSearchParams(window.location.hash.slice(1)).get("code") ?? "",
  });
  const [touched, setTouched] = useState(false);
  const set = (name: keyof typeof fields) => (event: { target: { value: string } }) =>
    setFields({ ...fields, [name]: event.target.value });
  const setUp = useMutation({
    mutationFn: () => {
      const { username, password, code } = fields;
      const body: SetUp = { username, password, code: code.trim() };
      return call<BrowserSession>("POST", "/api/setup", body);
    },
    onSuccess: (session) => {
      keepCsrfToken(session.csrfToken);
      writeStored("owner", session.user.id);
      // The code in the address has done its work and must not stay in the history.
      window.history.replaceState(window.history.state, "", "/setup");
      onDone();
      client.setQueryData(sessionQuery.queryKey, session);
      client.setQueryData(setupQuery.queryKey, { needed: false, codeRequired });
    },
  });
  const weak = passwordProblem(fields.password);
  const differs = fields.password === fields.again ? null : "This is not the same password.";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(true);
    if (!weak && !differs) setUp.mutate();
  };
  const at = (path: string) => fieldError(setUp.error, path);
  const elsewhere = setUp.error && !["username", "password", "code"].some((path) => at(path));
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {codeRequired && (
        <TextField
          label="Code from the server's terminal"
          required
          autoComplete="off"
          spellCheck={false}
          className="mono"
          value={fields.code}
          onChange={set("code")}
          error={at("code")}
          help="The server shows it when it starts for the first time, so that nobody else can set it up."
        />
      )}
      <TextField
        label="User name"
        required
        autoComplete="username"
        autoCapitalize="none"
        value={fields.username}
        onChange={set("username")}
        error={at("username")}
      />
      <TextField
        label="Password"
        type="password"
        required
        autoFocus
        autoComplete="new-password"
        value={fields.password}
        onChange={set("password")}
        error={at("password") ?? (touched ? weak : null)}
        help={`At least ${PASSWORD_CHARS_MIN} characters; a few words are easy to remember.`}
      />
      <TextField
        label="The same password again"
        type="password"
        required
        autoComplete="new-password"
        value={fields.again}
        onChange={set("again")}
        error={touched ? differs : null}
      />
      {elsewhere && <ErrorBox error={setUp.error} />}
      <Button type="submit" look="primary" busy={setUp.isPending}>
        Make the account
      </Button>
    </form>
  );
}
