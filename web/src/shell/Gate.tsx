import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { sessionQuery, setupQuery } from "@/api/queries";
import { startLive, stopLive } from "@/live/store";
import { ErrorBox } from "@/ui/ErrorBox";
import { Skeleton } from "@/ui/parts";
import { Redirect } from "./Redirect";

/** Lets in who is signed in. Everybody else is shown where to begin; the server checks on its own. */
export function Gate({ children }: { children: ReactNode }) {
  const session = useQuery(sessionQuery);
  const setup = useQuery({ ...setupQuery, enabled: session.data === null });
  const { href } = useLocation();
  const userId = session.data?.user.id;
  useEffect(() => {
    if (userId === undefined) return;
    startLive();
    return stopLive;
  }, [userId]);

  if (session.data) return children;
  const query = session.error ? session : setup;
  if (query.error) {
    return (
      <main className="mx-auto max-w-lg p-6">
        <ErrorBox error={query.error} onRetry={() => void query.refetch()} />
      </main>
    );
  }
  if (session.data === null && setup.data) {
    return <Redirect to={setup.data.needed ? "/setup" : loginAddress(href)} />;
  }
  return <Skeleton className="mx-auto mt-24 max-w-md" />;
}

/** The sign-in page, which leads back here. */
function loginAddress(href: string): string {
  return href === "/" ? "/login" : `/login?to=${encodeURIComponent(href)}`;
}
