import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTitle } from "@/lib/hooks";
import { ErrorBox } from "./ErrorBox";
import { Skeleton } from "./parts";

/** A page of the frame: its name, what can be done, and the rest. */
export function Page({
  title,
  intro,
  actions,
  children,
}: {
  title: string;
  intro?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useTitle(title);
  return (
    <div data-scroller className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-5xl flex-col gap-4 px-6 py-6 max-sm:px-4 max-sm:py-4">
        <header className="flex flex-wrap items-start justify-between gap-3">
          <div className="min-w-0">
            <h1 className="text-xl font-semibold">{title}</h1>
            {intro && <p className="mt-0.5 max-w-2xl text-soft">{intro}</p>}
          </div>
          {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
        </header>
        {children}
      </div>
    </div>
  );
}

/** The answer of a query, or what there is to see instead of it. */
export function Loaded<T>({
  query,
  children,
}: {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <ErrorBox error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton rows={6} className="py-2" />;
}
