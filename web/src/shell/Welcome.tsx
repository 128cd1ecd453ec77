import type { ReactNode } from "react";
import { Mark } from "./Mark";

/** The frame of the pages that a person sees before being signed in. */
export function Welcome({
  title,
  intro,
  children,
}: {
  title: string;
  intro: ReactNode;
  children: ReactNode;
}) {
  return (
    <main className="flex h-full items-start justify-center overflow-y-auto px-4 py-[10vh] max-sm:py-8">
      <div className="w-full max-w-md">
        <div className="mb-6 flex items-center gap-2.5">
          <Mark size={32} />
          <span className="text-xl font-semibold tracking-tight">octi</span>
        </div>
        <section className="rounded border border-line bg-surface-1 p-6 max-sm:p-4">
          <h1 className="text-xl font-semibold">{title}</h1>
          <p className="mt-1 mb-5 text-soft">{intro}</p>
          {children}
        </section>
      </div>
    </main>
  );
}
