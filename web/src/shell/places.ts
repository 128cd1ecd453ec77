// Where a person can go: the sidebar and the palette show the same.
import {
  Bell,
  Bot,
  Cpu,
  FolderTree,
  Gauge,
  GraduationCap,
  KeyRound,
  type LucideIcon,
  MessageSquare,
  Plug,
  Puzzle,
  Settings,
  ShieldQuestion,
  UserRound,
  Vault,
  Wrench,
} from "lucide-react";

export interface Place {
  to: string;
  name: string;
  icon: LucideIcon;
  /** More words by which the palette finds it. */
  words: string;
  /** Left out of the sidebar. */
  hidden?: boolean;
}

export const PLACES: readonly Place[] = [
  { to: "/chat", name: "Chat", icon: MessageSquare, words: "conversation new talk" },
  { to: "/", name: "Dashboard", icon: Gauge, words: "home status health cost overview" },
  { to: "/agents", name: "Agents", icon: Bot, words: "runs turns timeline" },
  { to: "/tools", name: "Tools", icon: Wrench, words: "try execute operations" },
  { to: "/skills", name: "Skills", icon: GraduationCap, words: "knowledge texts markdown SKILL.md" },
  { to: "/plugins", name: "Plugins", icon: Puzzle, words: "install wasm roles reload" },
  { to: "/workspaces", name: "Workspaces", icon: FolderTree, words: "folder project files" },
  { to: "/mcp-servers", name: "MCP servers", icon: Plug, words: "model context protocol connect stdio" },
  { to: "/models", name: "Models", icon: Cpu, words: "provider key llm default" },
  { to: "/permissions", name: "Permissions", icon: ShieldQuestion, words: "rules allow ask deny questions" },
  { to: "/secrets", name: "Secrets", icon: Vault, words: "keys passwords" },
  { to: "/settings", name: "Settings", icon: Settings, words: "theme dark light audit configuration limits" },
  {
    to: "/notifications",
    name: "Notifications",
    icon: Bell,
    words: "bell unread told",
    hidden: true,
  },
  {
    to: "/profile",
    name: "Profile",
    icon: UserRound,
    words: "password browsers signed in sign out",
    hidden: true,
  },
  { to: "/tokens", name: "API tokens", icon: KeyRound, words: "api key cli token", hidden: true },
];
