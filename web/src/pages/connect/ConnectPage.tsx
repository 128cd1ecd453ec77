// A program asks to act for the person (OAuth). The server checks what it asks for and makes the address that leads back to it.
import { useMutation, useQuery } from "@tanstack/react-query";
import { AppWindow, Eye, Globe, Laptop, PencilLine, UserRound } from "lucide-react";
import { type ReactNode, useState } from "react";
import { api, ask } from "@/api/client";
import { sessionQuery, setupQuery } from "@/api/queries";
import type { ProgramRequest, ProgramScope } from "@/api/types";
import { cx } from "@/lib/cx";
import { useTitle } from "@/lib/hooks";
import { Redirect } from "@/shell/Redirect";
import { Welcome } from "@/shell/Welcome";
import { Button } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { Skeleton } from "@/ui/parts";
import { type Asks, asksOf } from "./asked";
import { openedAt } from "./opened";

const QUERY = openedAt.split("?")[1] ?? "";

export function ConnectPage() {
  useTitle("Let a program in");
  const session = useQuery(sessionQuery);
  const setup = useQuery({ ...setupQuery, enabled: session.data === null });
  const asks = asksOf(QUERY);
  if (session.error) {
    return (
      <Welcome title="Let a program in" intro="octi could not find out who you are.">
        <ErrorBox error={session.error} onRetry={() => void session.refetch()} />
      </Welcome>
    );
  }
  if (session.data === null && setup.data) {
    return <Redirect to={setup.data.needed ? "/setup" : `/login?to=${encodeURIComponent(openedAt)}`} />;
  }
  if (!session.data) return <Skeleton className="mx-auto mt-24 max-w-md" />;
  if ("twice" in asks) return <Unknown error={new Error(`The address names \`${asks.twice}\` twice.`)} />;
  return <Asked asks={asks} />;
}

function Asked({ asks }: { asks: Asks }) {
  const query = useQuery({
    queryKey: ["program-request", asks],
    queryFn: () => ask(api.GET("/api/programs/request", { params: { query: asks } })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (query.error) return <Unknown error={query.error} />;
  if (!query.data) return <Skeleton className="mx-auto mt-24 max-w-md" />;
  const { problem } = query.data;
  return problem ? (
    <Welcome title="This program cannot be let in" intro={<>{query.data.name} asks for something wrong.</>}>
      <ErrorBox error={new Error(problem.message)} />
      <p className="mt-4 text-sm text-soft">
        Nothing was given to it. Its makers need to know what stands above.
      </p>
      <div className="mt-4 flex justify-end">
        <Button onClick={() => window.location.assign(problem.back)}>
          Back to {query.data.redirectHost}
        </Button>
      </div>
    </Welcome>
  ) : (
    <Question asks={asks} request={query.data} />
  );
}

function Unknown({ error }: { error: unknown }) {
  return (
    <Welcome
      title="This program cannot be let in"
      intro="octi leads you nowhere, because it cannot tell who asks."
    >
      <ErrorBox error={error} />
    </Welcome>
  );
}

function Question({ asks, request }: { asks: Asks; request: ProgramRequest }) {
  const [scope, setScope] = useState<ProgramScope>(request.scope);
  const answer = useMutation({
    mutationFn: (allow: ProgramScope | null) =>
      ask(api.POST("/api/programs/request", { body: { asked: asks, allow } })),
    onSuccess: ({ redirectTo }) => window.location.assign(redirectTo),
  });
  if (answer.data) {
    return (
      <Welcome
        title={answer.variables === null ? "It stays out" : `${request.name} is let in`}
        intro={`You are on your way back to ${request.redirectHost}. If nothing happens, go on in the program; you may close this page.`}
      >
        <p className="text-sm text-soft">
          What is let in stands under <a href="/tokens">API tokens</a>, where you end it again.
        </p>
      </Welcome>
    );
  }
  return (
    <Welcome title={`Let ${request.name} in?`} intro="It asks to act for you on this octi, over MCP.">
      <dl className="flex flex-col gap-3 rounded border border-line bg-surface-2 p-3">
        <Fact icon={<AppWindow size={16} />} name="The program">
          <span className="font-medium [overflow-wrap:anywhere]">{request.name}</span>
          <Note>
            {request.describedBy
              ? `as ${request.describedBy} describes it`
              : "It calls itself so; anybody can. octi does not know who made it."}
          </Note>
        </Fact>
        <Fact
          icon={request.isLoopback ? <Laptop size={16} /> : <Globe size={16} />}
          name="Where you go afterwards"
        >
          <span className="font-medium [overflow-wrap:anywhere]">{request.redirectHost}</span>
          <Note>
            {request.isLoopback
              ? "a program on the machine of this browser"
              : "another host, which gets what you agree to"}
          </Note>
        </Fact>
        <Fact icon={<UserRound size={16} />} name="Whose rights it gets">
          <span className="font-medium">{request.username}</span>
        </Fact>
      </dl>
      <fieldset className="mt-5 flex flex-col gap-2">
        <legend className="mb-2 text-sm font-medium">What it may do</legend>
        {request.scope === "mcp" && (
          <Choice
            icon={<PencilLine size={16} />}
            title="What you may do over MCP"
            checked={scope === "mcp"}
            onChoose={() => setScope("mcp")}
          >
            Read, change and delete your conversations, let agents work, use your tools. Your rules hold: what
            they ask about is still asked about, what they forbid stays forbidden.
          </Choice>
        )}
        <Choice
          icon={<Eye size={16} />}
          title="Read, and no more"
          checked={scope === "mcp:read"}
          onChoose={() => setScope("mcp:read")}
        >
          Your conversations, files and settings, and tools that say that they change nothing.
        </Choice>
      </fieldset>
      <p className="mt-4 text-sm text-soft">
        Did you not begin this yourself, in that program, just now? Then say no.
      </p>
      {answer.error && <ErrorBox className="mt-4" error={answer.error} />}
      <div className="mt-5 flex justify-end gap-2">
        <Button disabled={answer.isPending} onClick={() => answer.mutate(null)}>
          No
        </Button>
        <Button look="primary" busy={answer.isPending} onClick={() => answer.mutate(scope)}>
          Let it in
        </Button>
      </div>
    </Welcome>
  );
}

function Fact({ icon, name, children }: { icon: ReactNode; name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="flex items-center gap-2.5 text-sm text-soft">
        <span aria-hidden="true">{icon}</span>
        {name}
      </dt>
      <dd className="min-w-0 pl-6.5">{children}</dd>
    </div>
  );
}

function Note({ children }: { children: ReactNode }) {
  return <span className="block text-sm text-soft">{children}</span>;
}

function Choice({
  icon,
  title,
  checked,
  onChoose,
  children,
}: {
  icon: ReactNode;
  title: string;
  checked: boolean;
  onChoose: () => void;
  children: ReactNode;
}) {
  return (
    <label
      className={cx(
        "flex cursor-pointer gap-3 rounded border p-3",
        checked ? "border-accent bg-accent-soft" : "border-line hover:bg-surface-2",
      )}
    >
      <input
        type="radio"
        name="scope"
        className="mt-1 self-start accent-accent"
        checked={checked}
        onChange={onChoose}
      />
      <span className="min-w-0">
        <span className="flex items-center gap-1.5 font-medium">
          {title}
          <span className="text-soft" aria-hidden="true">
            {icon}
          </span>
        </span>
        <span className="mt-0.5 block text-sm text-soft">{children}</span>
      </span>
    </label>
  );
}
