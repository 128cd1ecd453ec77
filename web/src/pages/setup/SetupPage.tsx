import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { sessionQuery, setupQuery } from "@/api/queries";
import { useTitle } from "@/lib/hooks";
import { Redirect } from "@/shell/Redirect";
import { Welcome } from "@/shell/Welcome";
import { ErrorBox } from "@/ui/ErrorBox";
import { Skeleton } from "@/ui/parts";
import { AccountStep } from "./AccountStep";
import { ModelStep } from "./ModelStep";
import { Steps } from "./Steps";

/** The first run: an account, a model, and the first conversation. */
export function SetupPage() {
  useTitle("Set up");
  const setup = useQuery(setupQuery);
  const session = useQuery(sessionQuery);
  const navigate = useNavigate();
  const [step, setStep] = useState<"account" | "model">("account");

  if (setup.error) {
    return (
      <Welcome title="Set up octi" intro="The server does not answer.">
        <ErrorBox error={setup.error} onRetry={() => void setup.refetch()} />
      </Welcome>
    );
  }
  if (!setup.data || session.isPending) return <Skeleton className="mx-auto mt-24 max-w-md" />;
  if (step === "account" && !setup.data.needed) return <Redirect to={session.data ? "/" : "/login"} />;
  if (step === "model") {
    return (
      <Welcome title="Choose a model" intro="It reads what you write and decides which tools to ask for.">
        <Steps current={2} />
        <ModelStep onDone={() => void navigate({ to: "/chat", replace: true })} />
      </Welcome>
    );
  }
  return (
    <Welcome title="Welcome to octi" intro="Make the account of the first administrator. It takes a minute.">
      <Steps current={1} />
      <AccountStep codeRequired={setup.data.codeRequired} onDone={() => setStep("model")} />
    </Welcome>
  );
}
