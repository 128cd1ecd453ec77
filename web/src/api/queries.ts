// What is asked of the server, and how long an answer counts as fresh.
import {
  infiniteQueryOptions,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { api, ask, call, keepCsrfToken } from "./client";
import { ApiFailure } from "./errors";
import type { BrowserSession, Message, Session, SetupState, SignIn } from "./types";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) =>
        count < 2 && error instanceof ApiFailure && (error.status === 0 || error.status >= 500),
    },
  },
});

export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: () => call<SetupState>("GET", "/api/setup"),
  staleTime: Number.POSITIVE_INFINITY,
});

export const sessionQuery = queryOptions({
  queryKey: ["auth-session"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<BrowserSession | null> => {
    try {
      const session = await call<BrowserSession>("GET", "/api/auth/session");
      keepCsrfToken(session.csrfToken);
      return session;
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 401) return null;
      throw error;
    }
  },
});

/** Another person, or nobody: what was loaded for the one before is forgotten. Who is signed in stays where it is kept, because
 * whoever looks at it must hear of the change. */
export function becomes(client: QueryClient, session: BrowserSession | null): void {
  client.setQueryData(sessionQuery.queryKey, session);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
}

/** Lists are asked for in one piece; who has more than this looks for it by search. */
const LIST_MAX = 200;

/** The conversations, the newest first; more of them are asked for when their list is scrolled to its end. */
export const sessionsQuery = infiniteQueryOptions({
  queryKey: ["sessions"],
  queryFn: ({ pageParam: cursor }) =>
    ask(api.GET("/api/sessions", { params: { query: { limit: LIST_MAX, ...(cursor && { cursor }) } } })),
  initialPageParam: "",
  getNextPageParam: (page) => page.next ?? undefined,
  select: ({ pages }) => {
    // A conversation that moved to the top while more were loaded would be on two pages.
    const byId = new Map(pages.flatMap(({ items }) => items).map((session) => [session.id, session]));
    return [...byId.values()];
  },
});

/** Whether the person may change what holds for everybody. The server decides on its own; this is for what is offered. */
export function useIsAdmin(): boolean {
  const { data: session } = useQuery(sessionQuery);
  return session?.user.isAdmin ?? false;
}

/** One conversation, also one that is too old for what is loaded of the list. */
export function useSession(id: string): Session | undefined {
  const { data: sessions } = useInfiniteQuery(sessionsQuery);
  const listed = sessions?.find((session) => session.id === id);
  const { data: alone } = useQuery({
    queryKey: ["sessions", id],
    queryFn: () => ask(api.GET("/api/sessions/{id}", { params: { path: { id } } })),
    enabled: sessions !== undefined && listed === undefined,
    retry: false,
  });
  return listed ?? alone;
}

export const agentsQuery = (sessionId?: string) =>
  queryOptions({
    queryKey: ["agents", sessionId ?? "all"],
    queryFn: () =>
      ask(
        api.GET("/api/agents", { params: { query: { limit: LIST_MAX, ...(sessionId && { sessionId }) } } }),
      ),
  });

export const agentQuery = (id: string) =>
  queryOptions({
    queryKey: ["agents", "one", id],
    queryFn: () => ask(api.GET("/api/agents/{id}", { params: { path: { id } } })),
  });

export const modelsQuery = queryOptions({ queryKey: ["models"], queryFn: () => ask(api.GET("/api/models")) });
export const mcpServersQuery = queryOptions({
  queryKey: ["mcp-servers"],
  queryFn: () => ask(api.GET("/api/mcp/servers")),
});

export const pluginsQuery = queryOptions({
  queryKey: ["plugins"],
  queryFn: () => ask(api.GET("/api/plugins")),
});
export const toolsQuery = queryOptions({ queryKey: ["tools"], queryFn: () => ask(api.GET("/api/tools")) });
export const rulesQuery = queryOptions({
  queryKey: ["rules"],
  queryFn: () => ask(api.GET("/api/tools/permissions")),
});
export const skillsQuery = queryOptions({ queryKey: ["skills"], queryFn: () => ask(api.GET("/api/skills")) });
export const skillQuery = (name: string) =>
  queryOptions({
    queryKey: ["skills", name],
    queryFn: () => ask(api.GET("/api/skills/{name}", { params: { path: { name } } })),
  });
export const secretsQuery = queryOptions({
  queryKey: ["secrets"],
  queryFn: () => ask(api.GET("/api/secrets")),
});
export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: () => ask(api.GET("/api/auth/api-tokens", { params: { query: { limit: LIST_MAX } } })),
});
export const programsQuery = queryOptions({
  queryKey: ["programs"],
  queryFn: () => ask(api.GET("/api/programs")),
});
export const auditQuery = queryOptions({
  queryKey: ["audit"],
  queryFn: () => ask(api.GET("/api/audit", { params: { query: { limit: 100 } } })),
});
export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: () => ask(api.GET("/api/health/detailed")),
  refetchInterval: 30_000,
});
export const signInsQuery = queryOptions({
  queryKey: ["sign-ins"],
  queryFn: () => call<{ items: SignIn[] }>("GET", "/api/auth/sessions"),
});

/** Every stored message of a session, page by page; the server bounds each page. */
export async function allMessages(sessionId: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let after: number | undefined; ; ) {
    const query = { limit: LIST_MAX, ...(after !== undefined && { after }) };
    const page = await ask(
      api.GET("/api/sessions/{id}/messages", { params: { path: { id: sessionId }, query } }),
    );
    messages.push(...(page.items as unknown as Message[]));
    const last = page.items.at(-1);
    if (!page.next || last === undefined || last.seq === after) return messages;
    after = last.seq;
  }
}
