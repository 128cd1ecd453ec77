import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { MessageCircleQuestion } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiFailure } from "@/api/errors";
import { questionsQuery } from "@/api/questions";
import type { Question } from "@/api/types";
import { Button } from "@/ui/Button";
import { CheckField, SelectField, TextField } from "@/ui/Field";
import { Ticks } from "@/ui/Ticks";
import { Expiry } from "./Expiry";
import { answerOf, type FormField, formFields, listOf } from "./questionForm";

/** What plugins ask in this conversation, between what was said and what is written. */
export function QuestionCards({ sessionId }: { sessionId: string }) {
  const { data } = useQuery(questionsQuery);
  const open = data?.items.filter((question) => question.sessionId === sessionId) ?? [];
  if (open.length === 0) return null;
  return (
    <div className="mx-auto flex max-h-[60%] w-full max-w-3xl flex-col gap-3 overflow-y-auto px-5 pb-3 max-sm:px-3">
      {open.map((question) => (
        <QuestionCard key={question.id} question={question} />
      ))}
    </div>
  );
}

type Answer = { action: "accept"; content: Record<string, unknown> } | { action: "decline" | "cancel" };

function QuestionCard({ question }: { question: Question }) {
  const client = useQueryClient();
  const fields = useMemo(() => formFields(question.schema), [question.schema]);
  const [values, setValues] = useState<Record<string, string>>({});
  const reply = useMutation({
    mutationFn: (answer: Answer) =>
      ask(
        api.POST("/api/questions/{id}/answer", {
          params: { path: { id: question.id } },
          // The generated type of free content has no room for any.
          body: answer as { action: "accept"; content: Record<string, never> },
        }),
      ),
    // Who was too late sees the card go, as well as who was in time.
    onSettled: () => client.invalidateQueries({ queryKey: questionsQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    reply.mutate({ action: "accept", content: answerOf(fields, values) });
  };
  const failure = reply.error instanceof ApiFailure ? reply.error.message : reply.error?.message;
  return (
    <form
      onSubmit={submit}
      aria-label={`A question of ${question.plugin}`}
      className="shrink-0 overflow-hidden rounded border-2 border-ask/70 bg-surface-1"
    >
      <header className="flex flex-wrap items-center gap-2 bg-ask-soft px-3 py-2">
        <MessageCircleQuestion size={17} className="text-ask" aria-hidden="true" />
        <h3 className="font-semibold" role="alert">
          The plugin <span className="mono text-sm">{question.plugin}</span> asks
        </h3>
        <span className="flex-1" />
        <Expiry at={question.expiresAt} title="When nobody answers, the tool goes on without" />
      </header>
      <div className="flex flex-col gap-3 px-3 py-2.5">
        <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{question.message}</p>
        {fields.map((field) => (
          <AnswerField
            key={field.name}
            field={field}
            value={values[field.name] ?? field.fallback}
            onChange={(value) => setValues({ ...values, [field.name]: value })}
          />
        ))}
        {failure && (
          <p role="alert" className="text-sm text-deny">
            <Ticks text={failure} />
          </p>
        )}
      </div>
      <footer className="flex flex-wrap items-center gap-2 border-t border-line px-3 py-2.5">
        <Button type="submit" look="primary" busy={reply.isPending}>
          Answer
        </Button>
        <Button onClick={() => reply.mutate({ action: "decline" })}>Say no</Button>
        <Button look="quiet" onClick={() => reply.mutate({ action: "cancel" })}>
          Put away
        </Button>
        <p className="w-full text-xs text-faint">
          The answer goes to the plugin and may reach the model. Never give a password or key here.
        </p>
      </footer>
    </form>
  );
}

const INPUTS: Record<string, string> = { email: "email", uri: "url", date: "date" };

function AnswerField({
  field,
  value,
  onChange,
}: {
  field: FormField;
  value: string;
  onChange: (value: string) => void;
}) {
  const label = (
    <span>
      {field.label}
      {!field.required && field.type !== "boolean" && (
        <span className="font-normal text-faint"> optional</span>
      )}
    </span>
  );
  const common = { label, help: field.help, required: field.required };
  if (field.type === "boolean") {
    return (
      <CheckField
        label={field.label}
        help={field.help}
        checked={value === "true"}
        onChange={(event) => onChange(String(event.target.checked))}
      />
    );
  }
  if (field.type === "array") {
    const chosen = listOf(value);
    const toggle = (one: string, on: boolean) =>
      onChange([...chosen.filter((other) => other !== one), ...(on ? [one] : [])].join("\n"));
    return (
      <fieldset className="flex flex-col gap-1.5">
        <legend className="mb-1 text-sm font-medium">{label}</legend>
        {field.help && <p className="text-sm text-faint">{field.help}</p>}
        {field.choices?.map((choice) => (
          <CheckField
            key={choice.value}
            label={choice.label}
            checked={chosen.includes(choice.value)}
            onChange={(event) => toggle(choice.value, event.target.checked)}
          />
        ))}
      </fieldset>
    );
  }
  if (field.choices) {
    return (
      <SelectField {...common} value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{field.required ? "choose…" : "nothing"}</option>
        {field.choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </SelectField>
    );
  }
  return (
    <TextField
      {...common}
      type={INPUTS[field.format ?? ""] ?? "text"}
      inputMode={field.type === "string" ? undefined : "decimal"}
      value={value}
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
