import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { fieldError } from "@/api/errors";
import { queryClient } from "@/api/queries";
import { settingsQuery, storeSetting } from "@/api/settings";
import type { Setting } from "@/api/types";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { SelectField, TextArea, TextField } from "@/ui/Field";
import { Ticks } from "@/ui/Ticks";
import { toast } from "@/ui/toasts";
import { readValue, shownValue, textOf } from "./value";

/** Puts what the server answered into the list, at once. */
export function keepSetting(next: Setting): void {
  queryClient.setQueryData(settingsQuery.queryKey, (old) =>
    old ? { items: old.items.map((one) => (one.key === next.key ? next : one)) } : old,
  );
  void queryClient.invalidateQueries({ queryKey: settingsQuery.queryKey });
}

/** Stores another value, or says at the field why not. */
export function SettingDialog({ setting, onClose }: { setting: Setting; onClose: () => void }) {
  const [begun] = useState(() => textOf(setting) || (setting.kind === "boolean" ? "false" : ""));
  const [text, setText] = useState(begun);
  const [problem, setProblem] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: (value: unknown) => storeSetting(setting.key, value),
    onSuccess: (next) => {
      keepSetting(next);
      const when = next.effective === "at_next_start" ? ", from the next start on" : "";
      toast({ tone: "ok", text: `\`${next.key}\` is ${shownValue(next)}${when}.` });
      onClose();
    },
  });
  const store = () => {
    const read = readValue(setting, text);
    setProblem(read.ok ? null : read.problem);
    if (read.ok) save.mutate(read.value);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    store();
  };
  const atField = problem ?? fieldError(save.error, "value");
  return (
    <Dialog title={`Change ${setting.key}`} onClose={onClose} unsaved={text !== begun}>
      <form
        onSubmit={submit}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) store();
        }}
        className="flex flex-col gap-4"
      >
        <p className="text-soft">
          <Ticks text={setting.description} />
        </p>
        <ValueField setting={setting} text={text} onText={setText} error={atField} />
        {save.error && !atField && <ErrorBox error={save.error} />}
        <div className="flex items-center justify-end gap-2">
          <span className="mr-auto text-xs text-faint max-sm:hidden">Ctrl Enter</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  setting: Setting;
  text: string;
  onText: (text: string) => void;
  error: string | null;
}

function ValueField({ setting, text, onText, error }: FieldProps) {
  const help = helpOf(setting);
  const common = { label: "Value", error, help, value: text, autoFocus: true };
  const change = (event: { target: { value: string } }) => onText(event.target.value);
  if (setting.kind === "boolean" || setting.allowed) {
    const choices = setting.allowed ?? ["true", "false"];
    return (
      <SelectField {...common} onChange={change}>
        {!choices.includes(text) && <option value={text}>{text || "choose one"}</option>}
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {setting.kind === "boolean" ? { true: "on", false: "off" }[choice] : choice}
          </option>
        ))}
      </SelectField>
    );
  }
  if (setting.kind === "json" || setting.kind === "string_array")
    return <TextArea {...common} rows={6} spellCheck={false} className="mono text-sm" onChange={change} />;
  return (
    <TextField
      {...common}
      type={setting.secret ? "password" : "text"}
      autoComplete="off"
      inputMode={setting.kind === "number" ? "numeric" : undefined}
      spellCheck={false}
      className="mono text-sm"
      onChange={change}
    />
  );
}

function helpOf(setting: Setting): string {
  const { minimum, maximum, kind } = setting;
  const bounds =
    minimum != null && maximum != null
      ? `From ${minimum} to ${maximum}. `
      : minimum != null
        ? `At least ${minimum}. `
        : maximum != null
          ? `At most ${maximum}. `
          : "";
  const lines = kind === "string_array" ? "One on each line. " : "";
  return `${bounds}${lines}The default is ${shownValue({ ...setting, secret: false }, setting.default)}.`;
}
