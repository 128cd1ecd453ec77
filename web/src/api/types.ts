// Short names for the generated types.
import type { MessagePart } from "./pending";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Agent = Schemas["Agent"];
export type Artifact = Schemas["Artifact"];
export type AuditEntry = Schemas["AuditEntry"];
export type HealthDetailed = Schemas["HealthDetailed"];
export type Level = Schemas["Level"];
export type Message = Omit<Schemas["Message"], "parts"> & { parts: MessagePart[] };
export type Model = Schemas["Model"];
export type ModelTest = Schemas["ModelTest"];
export type PermissionRequest = Schemas["PermissionRequest"];
export type Plugin = Schemas["Plugin"];
export type PluginInspection = Schemas["PluginInspection"];
export type Resolution = Schemas["Resolution"];
export type Rule = Schemas["Rule"];
export type Scope = Schemas["Scope"];
export type Secret = Schemas["Secret"];
export type Session = Schemas["Session"];
export type Token = Schemas["Token"];
export type Tool = Schemas["Tool"];
export type ToolOutcome = Schemas["ToolOutcome"];
export type Usage = Schemas["Usage"];
export type User = Schemas["User"];
