// Short names for the generated types.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Agent = Schemas["Agent"];
export type Artifact = Schemas["Artifact"];
export type AuditEntry = Schemas["AuditEntry"];
export type HealthDetailed = Schemas["HealthDetailed"];
export type Level = Schemas["Level"];
export type McpServer = Schemas["McpServer"];
export type McpServerConfig = Schemas["McpServerConfig"];
export type McpTool = Schemas["McpTool"];
export type Message = Schemas["Message"];
export type Model = Schemas["Model"];
export type ModelTest = Schemas["ModelTest"];
export type Notification = Schemas["Notification"];
export type NotificationPage = Schemas["NotificationPage"];
export type NotificationPreferences = Schemas["NotificationPreferences"];
export type PermissionRequest = Schemas["PermissionRequest"];
export type AvailablePlugin = Schemas["AvailablePlugin"];
export type CallSums = Schemas["CallSums"];
export type Plugin = Schemas["Plugin"];
export type PluginAccess = Schemas["PluginAccess"];
export type PluginHealth = Schemas["PluginHealth"];
export type PluginIncident = Schemas["PluginIncident"];
export type PluginOffer = Schemas["PluginOffer"];
export type PluginRegistry = Schemas["PluginRegistry"];
export type PluginInspection = Schemas["PluginInspection"];
export type Question = Schemas["Question"];
export type Program = Schemas["Program"];
export type ProgramRequest = Schemas["ProgramRequest"];
export type ProgramScope = Schemas["ProgramScope"];
export type Resolution = Schemas["Resolution"];
export type Rule = Schemas["Rule"];
export type Scope = Schemas["Scope"];
export type SearchHit = Schemas["SearchHit"];
export type SearchPage = Schemas["Page_SearchHit"];
export type Secret = Schemas["Secret"];
export type Skill = Schemas["Skill"];
export type SkillProblem = Schemas["SkillProblem"];
export type Session = Schemas["Session"];
export type Token = Schemas["Token"];
export type Tool = Schemas["Tool"];
export type ToolOutcome = Schemas["ToolOutcome"];
export type Usage = Schemas["Usage"];
export type User = Schemas["User"];
export type BrowserSession = Schemas["BrowserSession"];
export type Setting = Schemas["Setting"];
export type SetupState = Schemas["SetupState"];
export type SetUp = Schemas["SetUp"];
export type SignIn = Schemas["SignIn"];
export type WsTicket = Schemas["WsTicket"];
export type Workspace = Schemas["Workspace"];
export type MessagePart = Schemas["Part"];
/** A file of a message. */
export type MessageFile = Schemas["Attachment"];
export type EventBody = Schemas["EventBody"];
export type EventEnvelope = Schemas["EventEnvelope"];
/** The generated type says that a frame without fields has no `type` either. */
export type ClientFrame = Exclude<Schemas["ClientFrame"], { type: "ping" }> | { type: "ping" };
export type ServerFrame = Schemas["ServerFrame"];

/** A command in the data of the answer to `help`. */
export interface CommandHelp {
  name: string;
  aliases: string[];
  meaning: string;
}
