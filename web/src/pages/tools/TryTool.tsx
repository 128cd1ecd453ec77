import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleX, Play } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { api, ask } from "@/api/client";
import { ApiFailure } from "@/api/errors";
import type { Tool, ToolOutcome } from "@/api/types";
import { duration } from "@/lib/format";
import { Block } from "@/pages/chat/Arguments";
import { Button } from "@/ui/Button";
import { Code } from "@/ui/Code";
import { ErrorBox } from "@/ui/ErrorBox";
import { CheckField, SelectField, TextArea, TextField } from "@/ui/Field";
import { Card } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { useUnsaved } from "@/ui/unsaved";
import { fieldsOf, readValues, type SchemaField, type Values } from "./schema";

/** Calls an operation by hand. A call that would be asked about is asked about here, too. */
export function TryTool({ tool }: { tool: Tool }) {
  const fields = useMemo(() => fieldsOf(tool.inputSchema), [tool.inputSchema]);
  const [values, setValues] = useState<Values>({});
  // Arguments that were tried are no loss any more.
  const [ran, setRan] = useState<Values>({});
  const { question } = useUnsaved(fields.some(({ name }) => (values[name] ?? "") !== (ran[name] ?? "")));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const run = useMutation({
    mutationFn: ({ args, approve }: { args: Record<string, unknown>; approve: boolean }) => {
      const path = { tool: tool.tool, operation: tool.operation };
      // The generated type of free arguments has no room for any.
      const body = { arguments: args as Record<string, never>, approve };
      return ask(api.POST("/api/tools/{tool}/tools/{operation}/execute", { params: { path }, body }));
    },
  });
  const call = (approve: boolean) => {
    const read = readValues(fields, values);
    setErrors(read.ok ? {} : read.errors);
    if (read.ok) run.mutate({ args: read.arguments, approve }, { onSuccess: () => setRan(values) });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    call(false);
  };
  const asks = run.error instanceof ApiFailure && run.error.code === "approval_required";
  return (
    <>
      <Card title="Try it">
        <form
          onSubmit={submit}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) call(false);
          }}
          className="flex flex-col gap-4"
        >
          {fields.length === 0 && <p className="text-soft">It takes no arguments.</p>}
          {fields.map((field) => (
            <ArgumentField
              key={field.name}
              field={field}
              value={values[field.name] ?? ""}
              error={errors[field.name]}
              onChange={(value) => setValues({ ...values, [field.name]: value })}
            />
          ))}
          <div className="flex items-center justify-end gap-3">
            <span className="text-xs text-faint max-sm:hidden">Ctrl Enter</span>
            <Button type="submit" look="primary" icon={<Play size={13} />} busy={run.isPending}>
              Run
            </Button>
          </div>
        </form>
      </Card>
      {asks && (
        <div
          role="alert"
          className="flex flex-wrap items-center gap-3 rounded border-2 border-ask/70 bg-ask-soft px-4 py-3"
        >
          <p className="min-w-0 flex-1">
            <Ticks text={run.error?.message ?? ""} />
          </p>
          <Button look="primary" onClick={() => call(true)}>
            Allow it once and run
          </Button>
          <Button onClick={() => run.reset()}>Leave it</Button>
        </div>
      )}
      {question}
      {run.error && !asks && <ErrorBox error={run.error} />}
      {run.data && <Outcome outcome={run.data} />}
    </>
  );
}

interface ArgumentProps {
  field: SchemaField;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

function ArgumentField({ field, value, error, onChange }: ArgumentProps) {
  const label = (
    <span>
      <code>{field.name}</code>
      {!field.required && <span className="font-normal text-faint"> optional</span>}
    </span>
  );
  const common = { label, help: <Ticks text={field.description} />, error, value };
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  if (field.choices) {
    return (
      <SelectField {...common} required={field.required} onChange={change}>
        <option value="">{field.fallback ? `default: ${field.fallback}` : "not given"}</option>
        {field.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </SelectField>
    );
  }
  if (field.type === "boolean") {
    const checked = (value || field.fallback) === "true";
    return (
      <CheckField
        label={label}
        help={<Ticks text={field.description} />}
        checked={checked}
        onChange={(event) => onChange(String(event.target.checked))}
      />
    );
  }
  if (field.long || field.type === "json") {
    return <TextArea {...common} spellCheck={false} className="mono text-sm" onChange={change} />;
  }
  const inputMode = field.type === "string" ? undefined : "numeric";
  return (
    <TextField
      {...common}
      inputMode={inputMode}
      placeholder={field.fallback}
      spellCheck={false}
      className="mono text-sm"
      onChange={change}
    />
  );
}

function Outcome({ outcome }: { outcome: ToolOutcome }) {
  return (
    <Card
      title={
        <span className="flex items-center gap-2">
          {outcome.isError ? (
            <CircleX size={16} className="text-deny" />
          ) : (
            <CircleCheck size={16} className="text-allow" />
          )}
          {outcome.isError ? `Failed: ${outcome.code}` : "Result"}
        </span>
      }
      actions={<span className="text-sm text-faint tabular-nums">{duration(outcome.durationMs)}</span>}
    >
      <p className="mb-2 text-soft">{outcome.summary}</p>
      {isJson(outcome.content) ? (
        <Code code={pretty(outcome.content)} language="json" />
      ) : (
        <Block text={outcome.content} />
      )}
      {outcome.files && outcome.files.length > 0 && (
        <p className="mt-2 text-sm text-soft">
          It gave {outcome.files.map((file) => file.name).join(", ")}
          {outcome.filesLost && `. They cannot be fetched: ${outcome.filesLost}`}
        </p>
      )}
      {outcome.artifactId && (
        <a
          href={`/api/artifacts/${outcome.artifactId}/raw`}
          download
          className="mt-2 inline-block text-accent underline"
        >
          The whole result
        </a>
      )}
    </Card>
  );
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const pretty = (text: string): string => JSON.stringify(JSON.parse(text), null, 2);
