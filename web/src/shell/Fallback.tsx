import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { Button } from "@/ui/Button";
import { ErrorBox } from "@/ui/ErrorBox";
import { Empty } from "@/ui/parts";

export function NotFound() {
  return (
    <main className="flex h-full items-center justify-center">
      <Empty
        icon={<Compass size={28} />}
        title="There is no such page"
        action={
          <Link to="/" className="text-accent underline">
            To the dashboard
          </Link>
        }
      >
        The address may be mistyped, or what it showed was deleted.
      </Empty>
    </main>
  );
}

/** A page that broke: after an update the old page may ask for files that are gone. */
export function PageFailed({ error }: ErrorComponentProps) {
  const outdated =
    error instanceof Error && /dynamically imported module|Importing a module/i.test(error.message);
  const shown = outdated
    ? new Error("octi was updated while this page was open. Load the page again.")
    : error;
  return (
    <main className="mx-auto max-w-lg p-6">
      <ErrorBox error={shown} />
      <Button look="primary" className="mt-3" onClick={() => window.location.reload()}>
        Load the page again
      </Button>
    </main>
  );
}
