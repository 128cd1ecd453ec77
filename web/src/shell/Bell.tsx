import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Bell as BellIcon } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { newestQuery } from "@/api/notifications";
import { NotificationRow } from "@/pages/notifications/kinds";
import { IconButton } from "@/ui/Button";

const SHOWN_MAX = 99;

/** How many notifications are unread, and the newest of them. */
export function Bell() {
  const { data } = useQuery(newestQuery);
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const panelId = useId();
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      box.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", onKey);
    };
  }, [open]);
  if (!data) return null;
  const count = data.unread > SHOWN_MAX ? `${SHOWN_MAX}+` : String(data.unread);
  return (
    <div ref={box}>
      <IconButton
        label={data.unread > 0 ? `Notifications, ${count} unread` : "Notifications"}
        aria-expanded={open}
        aria-controls={open ? panelId : undefined}
        className="relative"
        onClick={() => setOpen(!open)}
      >
        <BellIcon size={16} />
        {data.unread > 0 && (
          <span
            aria-hidden="true"
            className="absolute -top-0.5 -right-0.5 flex h-4 min-w-4 items-center justify-center rounded-full bg-accent px-1 text-[10px] font-semibold text-on-accent"
          >
            {count}
          </span>
        )}
      </IconButton>
      {open && (
        <section
          id={panelId}
          aria-label="Newest notifications"
          className="fixed top-11 left-2 z-50 w-[min(380px,calc(100vw-16px))] overflow-hidden rounded border border-line bg-surface-1 shadow"
        >
          {data.items.length === 0 ? (
            <p className="px-4 py-6 text-center text-soft">
              Nothing yet. You are told here when a turn ends while you look elsewhere.
            </p>
          ) : (
            <ul className="max-h-[60vh] divide-y divide-line overflow-y-auto">
              {data.items.map((one) => (
                <li key={one.id}>
                  <NotificationRow one={one} onOpen={() => setOpen(false)} />
                </li>
              ))}
            </ul>
          )}
          <Link
            to="/notifications"
            onClick={() => setOpen(false)}
            className="block border-t border-line px-4 py-2 text-center text-sm text-accent hover:bg-surface-2"
          >
            All notifications
          </Link>
        </section>
      )}
    </div>
  );
}
