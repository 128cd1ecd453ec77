import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, CircleCheck, CircleX, Cpu, FlaskConical, Plus, Star, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { asFailure } from "@/api/errors";
import { modelsQuery } from "@/api/queries";
import type { Model } from "@/api/types";
import { compact, duration, usd } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Empty } from "@/ui/parts";
import { Ticks } from "@/ui/Ticks";
import { toast } from "@/ui/toasts";
import { ModelForm } from "./ModelForm";
import { providerOf } from "./providers";

export function ModelsPage() {
  const query = useQuery(modelsQuery);
  const [adding, setAdding] = useState(false);
  const [typed, setTyped] = useState(false);
  const add = (
    <Button look="primary" icon={<Plus size={15} />} onClick={() => setAdding(true)}>
      Add a model
    </Button>
  );
  return (
    <Page title="Models" intro="Who answers. Keys stay on the server, encrypted." actions={add}>
      <Loaded query={query}>
        {({ items }) =>
          items.length > 0 ? (
            <ul className="flex flex-col gap-3">
              {items.map((model) => (
                <ModelRow key={model.name} model={model} />
              ))}
            </ul>
          ) : (
            <Card>
              <Empty icon={<Cpu size={26} />} title="No model is set up" action={add}>
                An agent needs one to answer.
              </Empty>
            </Card>
          )
        }
      </Loaded>
      {adding && (
        <Dialog title="Add a model" onClose={() => setAdding(false)} unsaved={typed}>
          <ModelForm
            onTyped={setTyped}
            onCancel={() => setAdding(false)}
            onDone={(model) => {
              setAdding(false);
              toast({ tone: "ok", text: `\`${model.name}\` answers.` });
            }}
          />
        </Dialog>
      )}
    </Page>
  );
}

function ModelRow({ model }: { model: Model }) {
  const client = useQueryClient();
  const [removing, setRemoving] = useState(false);
  const path = { params: { path: { name: model.name } } };
  const refresh = () => client.invalidateQueries({ queryKey: modelsQuery.queryKey });
  const test = useMutation({ mutationFn: () => ask(api.POST("/api/models/{name}/test", path)) });
  const makeDefault = useMutation({
    mutationFn: () => ask(api.PUT("/api/models/{name}/default", path)),
    onSuccess: refresh,
    onError: (error) => toast({ tone: "error", text: asFailure(error).message }),
  });
  const remove = async () => {
    await ask(api.DELETE("/api/models/{name}", path));
    await refresh();
  };
  return (
    <li className="rounded border border-line bg-surface-1 p-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="font-semibold">{model.name}</h2>
        {model.isDefault && (
          <Badge tone="accent" icon={<Check size={12} />}>
            default
          </Badge>
        )}
        {model.isDemo && (
          <Badge tone="info" icon={<FlaskConical size={12} />}>
            built in
          </Badge>
        )}
        {!model.supportsTools && <Badge tone="ask">without tools</Badge>}
        {!model.isDemo && providerOf(model.provider)?.needsKey && !model.hasKey && (
          <Badge tone="deny">no key</Badge>
        )}
        <span className="flex-1" />
        <Button busy={test.isPending} onClick={() => test.mutate()}>
          Test
        </Button>
        {!model.isDefault && (
          <Button icon={<Star size={14} />} busy={makeDefault.isPending} onClick={() => makeDefault.mutate()}>
            Make default
          </Button>
        )}
        {!model.isDemo && (
          <Button look="danger" icon={<Trash2 size={14} />} onClick={() => setRemoving(true)}>
            Remove
          </Button>
        )}
      </div>
      <p className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm text-soft">
        <span>{providerOf(model.provider)?.name ?? model.provider}</span>
        <span className="mono text-xs leading-5">{model.modelId}</span>
        {model.endpoint && <span className="mono text-xs leading-5">{model.endpoint}</span>}
        {model.contextWindow && <span>{compact(model.contextWindow)} tokens fit</span>}
        {model.priceIn != null && model.priceOut != null && !model.isDemo && (
          <span>
            {usd(model.priceIn)} in, {usd(model.priceOut)} out for a million
          </span>
        )}
      </p>
      {test.data && (
        <TestResult
          ok={test.data.ok}
          text={test.data.ok ? `Answered in ${duration(test.data.latencyMs)}.` : test.data.message}
        />
      )}
      {test.error && <TestResult ok={false} text={asFailure(test.error).message} />}
      {removing && (
        <Confirm
          title={`Remove ${model.name}?`}
          action="Remove"
          onConfirm={remove}
          onClose={() => setRemoving(false)}
        >
          Its key is forgotten. Conversations stay; the next message in them goes to the default model.
        </Confirm>
      )}
    </li>
  );
}

function TestResult({ ok, text }: { ok: boolean; text: string }) {
  return (
    <p role="status" className={`mt-2 flex items-start gap-2 text-sm ${ok ? "text-allow" : "text-deny"}`}>
      {ok ? (
        <CircleCheck size={15} className="mt-0.5 shrink-0" />
      ) : (
        <CircleX size={15} className="mt-0.5 shrink-0" />
      )}
      <span className="[overflow-wrap:anywhere]">
        <Ticks text={text} />
      </span>
    </p>
  );
}
