import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { type FormEvent, useLayoutEffect, useState } from "react";
import { api, ask } from "@/api/client";
import { fieldError } from "@/api/errors";
import { modelsQuery } from "@/api/queries";
import type { Model, ModelTest } from "@/api/types";
import { Button } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { CheckField, SelectField, TextField } from "@/ui/Field";
import { Ticks } from "@/ui/Ticks";
import { PROVIDERS, providerOf } from "./providers";

interface Props {
  /** The first model is the default one without asking. */
  first?: boolean;
  onDone: (model: Model) => void;
  onCancel?: () => void;
  /** Hears whether there is something typed that would be lost. */
  onTyped: (typed: boolean) => void;
}

/** Adds a model and asks it a question at once, so that a wrong key is found now and not in the first conversation. */
export function ModelForm({ first = false, onDone, onCancel, onTyped }: Props) {
  const client = useQueryClient();
  const [fields, setFields] = useState({
    provider: "anthropic",
    name: "",
    modelId: "",
    key: "",
    endpoint: "",
    priceIn: "",
    priceOut: "",
  });
  const [isDefault, setDefault] = useState(true);
  const { provider: _, ...texts } = fields;
  const typed = Object.values(texts).some((text) => text !== "");
  // Told before the next key can be pressed: an effect that runs later would let Escape lose what was just typed.
  useLayoutEffect(() => {
    onTyped(typed);
    return () => onTyped(false);
  }, [onTyped, typed]);
  const provider = providerOf(fields.provider);
  const set = (name: keyof typeof fields) => (event: { target: { value: string } }) =>
    setFields({ ...fields, [name]: event.target.value });
  const add = useMutation({
    mutationFn: () => addAndTest(fields, first || isDefault),
    onSuccess: ({ model }) => onDone(model),
    onSettled: () => void client.invalidateQueries({ queryKey: modelsQuery.queryKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const at = (path: string) => fieldError(add.error, path);
  const elsewhere = add.error && !["name", "modelId", "key", "endpoint"].some((path) => at(path));
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <SelectField
        label="Provider"
        value={fields.provider}
        onChange={set("provider")}
        help={<Ticks text={provider?.help ?? ""} />}
      >
        {PROVIDERS.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </SelectField>
      {provider?.needsEndpoint && (
        <TextField
          label="Address"
          type="url"
          required
          placeholder="http://127.0.0.1:8000/v1"
          value={fields.endpoint}
          onChange={set("endpoint")}
          error={at("endpoint")}
        />
      )}
      {fields.provider !== "ollama" && (
        <TextField
          label={provider?.needsKey ? "Key" : "Key (if the server wants one)"}
          type="password"
          autoComplete="off"
          required={provider?.needsKey ?? false}
          value={fields.key}
          onChange={set("key")}
          error={at("key")}
          help="Kept encrypted on the server and never shown again."
        />
      )}
      <TextField
        label="Model"
        required={provider?.id === "ollama" || provider?.needsEndpoint}
        placeholder={provider?.example || "the provider's usual one"}
        value={fields.modelId}
        onChange={set("modelId")}
        error={at("modelId")}
        help="The provider's own name for it."
      />
      <details>
        <summary className="text-sm text-soft">More: a name, prices</summary>
        <div className="mt-3 flex flex-col gap-4">
          <TextField
            label="What you call it"
            placeholder={fields.provider}
            value={fields.name}
            onChange={set("name")}
            error={at("name")}
          />
          <div className="grid grid-cols-2 gap-3">
            <TextField
              label="USD for a million tokens in"
              inputMode="decimal"
              value={fields.priceIn}
              onChange={set("priceIn")}
            />
            <TextField
              label="USD for a million tokens out"
              inputMode="decimal"
              value={fields.priceOut}
              onChange={set("priceOut")}
            />
          </div>
        </div>
      </details>
      {!first && (
        <CheckField
          label="Use it by default"
          checked={isDefault}
          onChange={(event) => setDefault(event.target.checked)}
        />
      )}
      {elsewhere && <ErrorBox error={add.error} />}
      <div className="flex items-center justify-end gap-2">
        {add.isPending && <span className="flex-1 text-sm text-soft">The model is asked a question…</span>}
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Button type="submit" look="primary" busy={add.isPending} icon={<CircleCheck size={15} />}>
          Add and test
        </Button>
      </div>
    </form>
  );
}

type Fields = Record<"provider" | "name" | "modelId" | "key" | "endpoint" | "priceIn" | "priceOut", string>;

/** A model that does not answer is taken away again: what is in the list works. */
async function addAndTest(fields: Fields, isDefault: boolean): Promise<{ model: Model; test: ModelTest }> {
  const name = fields.name.trim() || fields.provider;
  const given = (value: string) => value.trim() || null;
  const price = (value: string) => (value.trim() === "" ? null : Number(value.replace(",", ".")));
  const body = {
    name,
    provider: fields.provider,
    modelId: given(fields.modelId),
    key: given(fields.key),
    endpoint: given(fields.endpoint),
    priceIn: price(fields.priceIn),
    priceOut: price(fields.priceOut),
    default: false,
  };
  // The server replaces the model of that name and its key.
  const { items } = await ask(api.GET("/api/models"));
  if (items.some((one) => one.name === name)) {
    throw new Error(
      `A model is called \`${name}\` already. Give this one another name under “More”, or remove that one first.`,
    );
  }
  const model = await ask(api.POST("/api/models", { body }));
  const path = { params: { path: { name } } };
  const test = await ask(api.POST("/api/models/{name}/test", path)).catch((error: unknown) => ({
    ok: false,
    latencyMs: 0,
    message: error instanceof Error ? error.message : String(error),
  }));
  if (!test.ok) {
    await ask(api.DELETE("/api/models/{name}", path));
    throw new Error(`The model did not answer, so it was not added: ${test.message}`);
  }
  if (isDefault) await ask(api.PUT("/api/models/{name}/default", path));
  return { model, test };
}
