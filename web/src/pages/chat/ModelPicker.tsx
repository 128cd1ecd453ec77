import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { modelsQuery } from "@/api/queries";

/** Which model answers next; nothing chosen is the default one. */
export function ModelPicker({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (model: string | null) => void;
}) {
  const { data } = useQuery(modelsQuery);
  const models = data?.items ?? [];
  const fallback = models.find((model) => model.isDefault);
  const chosen = value !== null && models.some((model) => model.name === value) ? value : "";
  return (
    <span className="relative inline-flex min-w-0 items-center">
      <select
        aria-label="Model"
        value={chosen}
        onChange={(event) => onChange(event.target.value || null)}
        className="h-8 max-w-52 appearance-none truncate rounded bg-transparent pr-6 pl-2 text-sm text-soft hover:bg-surface-2"
      >
        <option value="">{fallback ? fallback.name : "default model"}</option>
        {models
          .filter((model) => !model.isDefault)
          .map((model) => (
            <option key={model.name} value={model.name}>
              {model.name}
            </option>
          ))}
      </select>
      <ChevronDown
        size={13}
        className="pointer-events-none absolute right-1.5 text-faint"
        aria-hidden="true"
      />
    </span>
  );
}
