// What the pages of plugins share.
import { Link } from "@tanstack/react-router";
import { Ban, CircleCheck, CircleX, History, Lock, OctagonX } from "lucide-react";
import type { ReactNode } from "react";
import { pathOf } from "@/api/plugins";
import type { Plugin } from "@/api/types";
import { Badge, type Tone } from "@/ui/parts";
import { type State, stateOf } from "./state";

const STATES: Record<State, { tone: Tone; word: string; icon: ReactNode }> = {
  running: { tone: "allow", word: "running", icon: <CircleCheck size={12} /> },
  quarantined: { tone: "deny", word: "quarantined", icon: <OctagonX size={12} /> },
  rolled_back: { tone: "ask", word: "rolled back", icon: <History size={12} /> },
  broken: { tone: "deny", word: "broken", icon: <CircleX size={12} /> },
  revoked: { tone: "deny", word: "revoked", icon: <Ban size={12} /> },
  "not for you": { tone: "neutral", word: "not for you", icon: <Lock size={12} /> },
};

export function PluginState({ plugin }: { plugin: Pick<Plugin, "state" | "incident" | "mayUse"> }) {
  const { tone, word, icon } = STATES[stateOf(plugin)];
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  );
}

/** Instead of what only an administrator may do. */
export function OnlyToLook() {
  return (
    <p className="flex items-center gap-1.5 text-sm text-soft">
      <Lock size={14} aria-hidden="true" /> Administrators change plugins; you may look.
    </p>
  );
}

export function PluginLink({ id, className }: { id: string; className?: string }) {
  return (
    <Link to="/plugins/$publisher/$name" params={pathOf(id)} className={className}>
      {id}
    </Link>
  );
}
