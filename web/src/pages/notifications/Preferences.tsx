import { useQuery } from "@tanstack/react-query";
import { asFailure } from "@/api/errors";
import { preferencesQuery, storePreferences } from "@/api/notifications";
import type { NotificationPreferences } from "@/api/types";
import { CheckField } from "@/ui/Field";
import { Loaded } from "@/ui/Page";
import { Card } from "@/ui/parts";
import { toast } from "@/ui/toasts";

const CHOICES: readonly { name: keyof NotificationPreferences; label: string; help: string }[] = [
  {
    name: "agentCompleted",
    label: "A turn is done",
    help: "When it ends while no screen of yours shows its conversation.",
  },
  { name: "agentFailed", label: "A turn failed", help: "When it ends without an answer." },
  {
    name: "permissionRequest",
    label: "A tool waits for you",
    help: "When a call may not run before you answer. It is read by itself when you do.",
  },
];

/** What a person wants to be told of. A change holds at once. */
export function Preferences() {
  const query = useQuery(preferencesQuery);
  return (
    <Card title="Tell me when">
      <Loaded query={query}>
        {(now) => (
          <div className="flex flex-col gap-4">
            {CHOICES.map(({ name, label, help }) => (
              <CheckField
                key={name}
                label={label}
                help={help}
                checked={now[name]}
                onChange={(event) =>
                  storePreferences({ ...now, [name]: event.target.checked }).catch((error) =>
                    toast({ tone: "error", text: asFailure(error).message }),
                  )
                }
              />
            ))}
          </div>
        )}
      </Loaded>
    </Card>
  );
}
