import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { call } from "@/api/client";
import { fieldError } from "@/api/errors";
import { signInsQuery } from "@/api/queries";
import { PASSWORD_CHARS_MIN, passwordProblem } from "@/lib/password";
import { Button } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { TextField } from "@/ui/Field";
import { toast } from "@/ui/toasts";
import { useUnsaved } from "@/ui/unsaved";

const NOTHING = { current: "", next: "", again: "" };

export function PasswordForm() {
  const client = useQueryClient();
  const [fields, setFields] = useState(NOTHING);
  const [touched, setTouched] = useState(false);
  const set = (name: keyof typeof fields) => (event: { target: { value: string } }) =>
    setFields({ ...fields, [name]: event.target.value });
  const change = useMutation({
    mutationFn: () => call("POST", "/api/auth/password", { current: fields.current, new: fields.next }),
    onSuccess: () => {
      setFields(NOTHING);
      setTouched(false);
      toast({ tone: "ok", text: "The password is changed." });
      void client.invalidateQueries({ queryKey: signInsQuery.queryKey });
    },
  });
  const { question } = useUnsaved(Object.values(fields).some((text) => text !== ""));
  const weak = passwordProblem(fields.next);
  const differs = fields.next === fields.again ? null : "This is not the same password.";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(true);
    if (!weak && !differs) change.mutate();
  };
  const at = (path: string) => fieldError(change.error, path);
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="The password now"
        type="password"
        required
        autoComplete="current-password"
        value={fields.current}
        onChange={set("current")}
        error={at("current")}
      />
      <TextField
        label="The new one"
        type="password"
        required
        autoComplete="new-password"
        value={fields.next}
        onChange={set("next")}
        error={at("new") ?? (touched ? weak : null)}
        help={`At least ${PASSWORD_CHARS_MIN} characters.`}
      />
      <TextField
        label="The new one again"
        type="password"
        required
        autoComplete="new-password"
        value={fields.again}
        onChange={set("again")}
        error={touched ? differs : null}
      />
      {question}
      {change.error && !at("current") && !at("new") && <ErrorBox error={change.error} />}
      <Button type="submit" look="primary" busy={change.isPending} className="self-start">
        Change the password
      </Button>
    </form>
  );
}
