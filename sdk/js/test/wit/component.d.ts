/// <reference path="./interfaces/octi-artifacts-artifacts.d.ts" />
/// <reference path="./interfaces/octi-ask-person.d.ts" />
/// <reference path="./interfaces/octi-fs-files.d.ts" />
/// <reference path="./interfaces/octi-http-client.d.ts" />
/// <reference path="./interfaces/octi-kv-store.d.ts" />
/// <reference path="./interfaces/octi-llm-model.d.ts" />
/// <reference path="./interfaces/octi-log-log.d.ts" />
/// <reference path="./interfaces/octi-plugin-channel.d.ts" />
/// <reference path="./interfaces/octi-plugin-hook.d.ts" />
/// <reference path="./interfaces/octi-plugin-tools.d.ts" />
/// <reference path="./interfaces/octi-shell-process.d.ts" />
/// <reference path="./interfaces/octi-types-common.d.ts" />
declare module 'octi:build/component' {
  export type * as OctiArtifactsArtifacts100 from 'octi:artifacts/artifacts@1.0.0'; // import octi:artifacts/artifacts@1.0.0
  export type * as OctiAskPerson100 from 'octi:ask/person@1.0.0'; // import octi:ask/person@1.0.0
  export type * as OctiFsFiles100 from 'octi:fs/files@1.0.0'; // import octi:fs/files@1.0.0
  export type * as OctiHttpClient100 from 'octi:http/client@1.0.0'; // import octi:http/client@1.0.0
  export type * as OctiKvStore100 from 'octi:kv/store@1.0.0'; // import octi:kv/store@1.0.0
  export type * as OctiLlmModel100 from 'octi:llm/model@1.0.0'; // import octi:llm/model@1.0.0
  export type * as OctiLogLog100 from 'octi:log/log@1.0.0'; // import octi:log/log@1.0.0
  export type * as OctiShellProcess100 from 'octi:shell/process@1.0.0'; // import octi:shell/process@1.0.0
  export type * as OctiTypesCommon100 from 'octi:types/common@1.0.0'; // import octi:types/common@1.0.0
  export * as tools from 'octi:plugin/tools@1.0.0'; // export octi:plugin/tools@1.0.0
  export * as hook from 'octi:plugin/hook@1.0.0'; // export octi:plugin/hook@1.0.0
  export * as channel from 'octi:plugin/channel@1.0.0'; // export octi:plugin/channel@1.0.0
}
