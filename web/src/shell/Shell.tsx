import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { Menu, Search } from "lucide-react";
import { useEffect } from "react";
import { isTyping, useKeys, useWide } from "@/lib/hooks";
import { useLive } from "@/live/store";
import { IconButton } from "@/ui/Button";
import { Bell } from "./Bell";
import { ConnectionBanner, ConnectionDot } from "./Connection";
import { FindMessages } from "./FindMessages";
import { KeysDialog } from "./KeysDialog";
import { Mark } from "./Mark";
import { Palette } from "./Palette";
import { Sidebar } from "./Sidebar";
import { find, openUi, toggleSidebar, useUi } from "./ui-state";

/** The frame of every page for a person who is signed in. */
export function Shell() {
  const { drawer, palette, keys, find: wanted } = useUi();
  const wide = useWide(768);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the drawer
  useEffect(() => openUi("drawer", false), [pathname]);
  useKeys((event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openUi("palette", !palette);
    } else if (command && event.key.toLowerCase() === "b") {
      event.preventDefault();
      toggleSidebar();
    } else if (command && event.shiftKey && event.key.toLowerCase() === "o") {
      event.preventDefault();
      void navigate({ to: "/chat" });
    } else if ((command && event.shiftKey && event.key.toLowerCase() === "f") || isSlash(event)) {
      event.preventDefault();
      find();
    } else if (event.key === "?" && !isTyping(event)) {
      openUi("keys", true);
    } else if (event.key === "Escape" && drawer) {
      openUi("drawer", false);
    }
  });
  return (
    <div className="flex h-full">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded focus:bg-surface-1 focus:p-2"
      >
        Skip to the content
      </a>
      {wide && <Sidebar />}
      {!wide && drawer && <Drawer />}
      <div className="flex min-w-0 flex-1 flex-col">
        {!wide && <TopBar />}
        <ConnectionBanner />
        <main id="content" tabIndex={-1} className="min-h-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      {palette && <Palette />}
      {wanted !== null && <FindMessages begin={wanted} />}
      {keys && <KeysDialog />}
    </div>
  );
}

/** A slash that is no part of what is being typed, and not meant for a dialog. */
const isSlash = (event: KeyboardEvent): boolean =>
  event.key === "/" &&
  !event.ctrlKey &&
  !event.metaKey &&
  !isTyping(event) &&
  document.querySelector("dialog[open]") === null;

function TopBar() {
  const waiting = useLive((state) => state.permissions.length);
  return (
    <div className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface-1 px-2">
      <IconButton label="Open the menu" onClick={() => openUi("drawer", true)}>
        <Menu size={18} />
      </IconButton>
      <Mark size={22} />
      <span className="font-semibold">octi</span>
      <ConnectionDot />
      <span className="flex-1" />
      {waiting > 0 && (
        <Link to="/permissions" className="flex h-9 items-center rounded px-2 text-sm font-medium text-ask">
          {waiting} waiting
        </Link>
      )}
      <Bell />
      <IconButton label="Search and commands" onClick={() => openUi("palette", true)}>
        <Search size={17} />
      </IconButton>
    </div>
  );
}

function Drawer() {
  return (
    <div className="fixed inset-0 z-40 flex">
      <Sidebar drawer />
      <button
        type="button"
        aria-label="Close the menu"
        className="flex-1 bg-[rgb(8_14_22/45%)]"
        onClick={() => openUi("drawer", false)}
      />
    </div>
  );
}
