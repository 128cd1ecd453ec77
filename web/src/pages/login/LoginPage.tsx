import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { call, keepCsrfToken } from "@/api/client";
import { asFailure } from "@/api/errors";
import { becomes, sessionQuery, setupQuery } from "@/api/queries";
import type { BrowserSession } from "@/api/types";
import { useTitle } from "@/lib/hooks";
import { forgetPersonal, readStored, writeStored } from "@/lib/stored";
import { Redirect } from "@/shell/Redirect";
import { Welcome } from "@/shell/Welcome";
import { Button } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { TextField } from "@/ui/Field";

/** Where a program sent the person. */
const CONNECT = "/oauth/authorize?";

export function LoginPage() {
  useTitle("Sign in");
  const { to } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const setup = useQuery(setupQuery);
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => call<BrowserSession>("POST", "/api/auth/session", { username, password }),
    onSuccess: (answer) => {
      keepCsrfToken(answer.csrfToken);
      // Somebody else may have been signed in before; whoever comes back finds their drafts.
      if (readStored("owner") !== answer.user.id) forgetPersonal();
      writeStored("owner", answer.user.id);
      becomes(client, answer);
      if (!to?.startsWith(CONNECT)) void navigate({ href: inner(to), replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };

  if (setup.data?.needed) return <Redirect to="/setup" />;
  if (session.data && !signIn.isPending) {
    return to?.startsWith(CONNECT) ? <Leave to={to} /> : <Redirect to={inner(to)} />;
  }
  return (
    <Welcome title="Sign in" intro="To this octi, on your own machine or your team's.">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <TextField
          label="User name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          autoFocus
          required
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {signIn.error && <ErrorBox error={explained(signIn.error)} />}
        <Button type="submit" look="primary" busy={signIn.isPending} className="mt-1">
          Sign in
        </Button>
      </form>
    </Welcome>
  );
}

/** A program waits for its address letter for letter; the router would write it anew. */
function Leave({ to }: { to: string }) {
  useEffect(() => window.location.replace(to), [to]);
  return null;
}

/** Only addresses of these pages: a link must not lead a person elsewhere after signing in. */
function inner(to: string | undefined): string {
  return to?.startsWith("/") && !to.startsWith("//") && !to.startsWith("/\\") && !to.startsWith("/login")
    ? to
    : "/";
}

function explained(error: unknown): unknown {
  return asFailure(error).status === 401
    ? new Error("The user name or the password is not right. Check both; capitals count in the password.")
    : error;
}
