// Every address of the pages. Pages are loaded when they are opened; the chat is what most people come for.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from "@tanstack/react-router";
import "./pages/connect/opened";
import { NotFound, PageFailed } from "./shell/Fallback";
import { Gate } from "./shell/Gate";
import { Shell } from "./shell/Shell";
import { Toasts } from "./ui/Toasts";

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
});

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { to?: string } => ({ to: text(search.to) }),
  component: lazyRouteComponent(() => import("./pages/login/LoginPage"), "LoginPage"),
});

const connect = createRoute({
  getParentRoute: () => root,
  path: "/oauth/authorize",
  component: lazyRouteComponent(() => import("./pages/connect/ConnectPage"), "ConnectPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./pages/setup/SetupPage"), "SetupPage"),
});

const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: () => (
    <Gate>
      <Shell />
    </Gate>
  ),
});

const index = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/dashboard/DashboardPage"), "DashboardPage"),
});
const chat = createRoute({
  getParentRoute: () => inside,
  path: "/chat",
  component: lazyRouteComponent(() => import("./pages/chat/NewChatPage"), "NewChatPage"),
});
const conversation = createRoute({
  getParentRoute: () => inside,
  path: "/chat/$sessionId",
  validateSearch: (search: Record<string, unknown>): { message?: string } => ({
    message: text(search.message),
  }),
  component: lazyRouteComponent(() => import("./pages/chat/ChatPage"), "ChatPage"),
});
const agents = createRoute({
  getParentRoute: () => inside,
  path: "/agents",
  component: lazyRouteComponent(() => import("./pages/agents/AgentsPage"), "AgentsPage"),
});
const agent = createRoute({
  getParentRoute: () => inside,
  path: "/agents/$agentId",
  component: lazyRouteComponent(() => import("./pages/agents/AgentPage"), "AgentPage"),
});
const plugins = createRoute({
  getParentRoute: () => inside,
  path: "/plugins",
  validateSearch: (search: Record<string, unknown>): { tab?: "available" } =>
    text(search.tab) === "available" ? { tab: "available" } : {},
  component: lazyRouteComponent(() => import("./pages/plugins/PluginsPage"), "PluginsPage"),
});
const plugin = createRoute({
  getParentRoute: () => inside,
  path: "/plugins/$publisher/$name",
  component: lazyRouteComponent(() => import("./pages/plugins/PluginPage"), "PluginPage"),
});
const mcpServers = createRoute({
  getParentRoute: () => inside,
  path: "/mcp-servers",
  component: lazyRouteComponent(() => import("./pages/mcp/McpServersPage"), "McpServersPage"),
});
const tools = createRoute({
  getParentRoute: () => inside,
  path: "/tools",
  validateSearch: (search: Record<string, unknown>): { tool?: string } => ({ tool: text(search.tool) }),
  component: lazyRouteComponent(() => import("./pages/tools/ToolsPage"), "ToolsPage"),
});
const models = createRoute({
  getParentRoute: () => inside,
  path: "/models",
  component: lazyRouteComponent(() => import("./pages/models/ModelsPage"), "ModelsPage"),
});
const permissions = createRoute({
  getParentRoute: () => inside,
  path: "/permissions",
  component: lazyRouteComponent(() => import("./pages/permissions/PermissionsPage"), "PermissionsPage"),
});
const skills = createRoute({
  getParentRoute: () => inside,
  path: "/skills",
  component: lazyRouteComponent(() => import("./pages/skills/SkillsPage"), "SkillsPage"),
});
const secrets = createRoute({
  getParentRoute: () => inside,
  path: "/secrets",
  component: lazyRouteComponent(() => import("./pages/secrets/SecretsPage"), "SecretsPage"),
});
const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: "configuration" | "notifications" | "audit" } => {
    const tab = text(search.tab);
    return tab === "configuration" || tab === "notifications" || tab === "audit" ? { tab } : {};
  },
  component: lazyRouteComponent(() => import("./pages/settings/SettingsPage"), "SettingsPage"),
});
const workspaces = createRoute({
  getParentRoute: () => inside,
  path: "/workspaces",
  component: lazyRouteComponent(() => import("./pages/workspaces/WorkspacesPage"), "WorkspacesPage"),
});
const notifications = createRoute({
  getParentRoute: () => inside,
  path: "/notifications",
  component: lazyRouteComponent(() => import("./pages/notifications/NotificationsPage"), "NotificationsPage"),
});
const profile = createRoute({
  getParentRoute: () => inside,
  path: "/profile",
  component: lazyRouteComponent(() => import("./pages/profile/ProfilePage"), "ProfilePage"),
});
const tokens = createRoute({
  getParentRoute: () => inside,
  path: "/tokens",
  component: lazyRouteComponent(() => import("./pages/tokens/TokensPage"), "TokensPage"),
});

const pages = [
  index,
  chat,
  conversation,
  agents,
  agent,
  plugins,
  plugin,
  mcpServers,
  tools,
  models,
  permissions,
  skills,
  secrets,
  settings,
  workspaces,
  notifications,
  profile,
  tokens,
];

export const router = createRouter({
  routeTree: root.addChildren([login, connect, setup, inside.addChildren(pages)]),
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: PageFailed,
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
