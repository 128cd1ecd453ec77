import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { LogOut, PanelLeftClose, PanelLeftOpen, Plus, Search } from "lucide-react";
import { call } from "@/api/client";
import { becomes, sessionQuery } from "@/api/queries";
import { cx } from "@/lib/cx";
import { forgetPersonal } from "@/lib/stored";
import { useLive } from "@/live/store";
import { IconButton } from "@/ui/Button";
import { toast } from "@/ui/toasts";
import { Bell } from "./Bell";
import { ConnectionDot } from "./Connection";
import { Mark } from "./Mark";
import { PLACES, type Place } from "./places";
import { SessionList } from "./SessionList";
import { openUi, toggleSidebar, useUi } from "./ui-state";
import { WorkspacePicker } from "./WorkspacePicker";

/** Navigation, conversations, and who is signed in. */
export function Sidebar({ drawer = false }: { drawer?: boolean }) {
  const narrow = useUi((state) => state.narrow) && !drawer;
  return (
    <nav
      aria-label="Main"
      className={cx(
        "flex h-full shrink-0 flex-col border-r border-line bg-surface-1",
        narrow ? "w-14" : drawer ? "w-[min(300px,84vw)]" : "w-62",
      )}
    >
      <header className={cx("flex shrink-0 items-center gap-2 px-3", narrow ? "flex-col py-3" : "h-12")}>
        <Link to="/" className="flex items-center gap-2 rounded" aria-label="octi: to the dashboard">
          <Mark size={24} />
          {!narrow && <span className="text-lg font-semibold tracking-tight">octi</span>}
        </Link>
        <ConnectionDot />
        {!narrow && <span className="flex-1" />}
        {!drawer && <Bell />}
        {!drawer && (
          <IconButton
            label={narrow ? "Widen the sidebar (Ctrl B)" : "Narrow the sidebar (Ctrl B)"}
            onClick={toggleSidebar}
          >
            {narrow ? <PanelLeftOpen size={16} /> : <PanelLeftClose size={16} />}
          </IconButton>
        )}
      </header>
      <div className={cx("flex shrink-0 gap-1.5 px-2 pb-2", narrow && "flex-col items-center")}>
        <Link
          to="/chat"
          title="New conversation (Ctrl Shift O)"
          className={cx(
            "inline-flex h-8 items-center justify-center gap-1.5 rounded bg-accent text-sm font-medium text-on-accent hover:bg-accent-strong",
            narrow ? "w-8" : "flex-1",
          )}
        >
          <Plus size={16} aria-hidden="true" />
          <span className={narrow ? "sr-only" : undefined}>New conversation</span>
        </Link>
        <IconButton
          label="Search and commands (Ctrl K)"
          className="border border-line"
          onClick={() => openUi("palette", true)}
        >
          <Search size={15} />
        </IconButton>
      </div>
      {!narrow && <WorkspacePicker className="shrink-0 px-3 pb-1" />}
      <ul className="shrink-0 px-2">
        {PLACES.filter((place) => !place.hidden).map((place) => (
          <PlaceRow key={place.to} place={place} narrow={narrow} />
        ))}
      </ul>
      {narrow ? <div className="flex-1" /> : <SessionList />}
      <UserRow narrow={narrow} />
    </nav>
  );
}

function PlaceRow({ place, narrow }: { place: Place; narrow: boolean }) {
  const { pathname } = useLocation();
  const waiting = useLive((state) => (place.to === "/permissions" ? state.permissions.length : 0));
  const active =
    place.to === "/"
      ? pathname === "/"
      : place.to === "/chat"
        ? pathname === "/chat"
        : pathname.startsWith(place.to);
  const Icon = place.icon;
  return (
    <li>
      <Link
        to={place.to}
        aria-current={active ? "page" : undefined}
        title={narrow ? place.name : undefined}
        className={cx(
          "relative flex h-7.5 items-center gap-2.5 rounded text-sm max-md:h-9",
          narrow ? "justify-center" : "px-2",
          active ? "bg-surface-2 font-medium text-text" : "text-soft hover:bg-surface-2 hover:text-text",
        )}
      >
        <Icon size={16} aria-hidden="true" className={active ? "text-accent" : undefined} />
        <span className={narrow ? "sr-only" : "flex-1"}>{place.name}</span>
        {waiting > 0 && (
          <span
            className={cx(
              "rounded-full bg-ask-soft px-1.5 text-xs font-semibold text-ask",
              narrow && "absolute -top-0.5 -right-0.5",
            )}
          >
            {waiting}
            <span className="sr-only"> waiting</span>
          </span>
        )}
      </Link>
    </li>
  );
}

function UserRow({ narrow }: { narrow: boolean }) {
  const { data: session } = useQuery(sessionQuery);
  const client = useQueryClient();
  const signOut = async () => {
    try {
      await call("DELETE", "/api/auth/session");
      forgetPersonal();
      becomes(client, null);
    } catch {
      toast({
        tone: "error",
        text: "You are still signed in: the server could not be reached. Try again in a moment.",
      });
    }
  };
  const name = session?.user.username ?? "";
  return (
    <footer className={cx("flex shrink-0 items-center gap-1 border-t border-line p-2", narrow && "flex-col")}>
      <Link
        to="/profile"
        title={`${name}: profile`}
        className={cx(
          "flex h-9 min-w-0 items-center gap-2 rounded px-1.5 hover:bg-surface-2",
          !narrow && "flex-1",
        )}
      >
        <span
          aria-hidden="true"
          className="flex size-6 shrink-0 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent uppercase"
        >
          {name.slice(0, 1)}
        </span>
        <span className={narrow ? "sr-only" : "truncate text-sm"}>{name}</span>
      </Link>
      <IconButton label="Sign out" onClick={signOut}>
        <LogOut size={15} />
      </IconButton>
    </footer>
  );
}
