import { FlaskConical, KeyRound } from "lucide-react";
import { useState } from "react";
import { ModelForm } from "@/pages/models/ModelForm";
import { Button } from "@/ui/Button";
import { useUnsaved } from "@/ui/unsaved";

/** A model of one's own, or the built-in one to look around with. */
export function ModelStep({ onDone }: { onDone: () => void }) {
  const [own, setOwn] = useState(false);
  const [typed, setTyped] = useState(false);
  const { saved, question } = useUnsaved(typed);
  if (own) {
    const done = () => {
      saved();
      onDone();
    };
    return (
      <>
        <ModelForm first onDone={done} onCancel={() => setOwn(false)} onTyped={setTyped} />
        {question}
      </>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <div className="rounded border border-line p-4">
        <h2 className="flex items-center gap-2 font-semibold">
          <KeyRound size={16} className="text-accent" aria-hidden="true" /> A model of your own
        </h2>
        <p className="mt-1 mb-3 text-soft">
          With a key of a provider, or on your machine with Ollama. It is tested before it is kept.
        </p>
        <Button look="primary" onClick={() => setOwn(true)}>
          Add a model
        </Button>
      </div>
      <div className="rounded border border-line p-4">
        <h2 className="flex items-center gap-2 font-semibold">
          <FlaskConical size={16} className="text-info" aria-hidden="true" /> The built-in demo model
        </h2>
        <p className="mt-1 mb-3 text-soft">
          Answers by fixed patterns, offline and for nothing: enough to see how tools and permissions work. A
          real one can be added at any time.
        </p>
        <Button onClick={onDone}>Look around first</Button>
      </div>
    </div>
  );
}
