/// <reference path="./interfaces/octi-fs-files.d.ts" />
/// <reference path="./interfaces/octi-http-client.d.ts" />
/// <reference path="./interfaces/octi-kv-store.d.ts" />
/// <reference path="./interfaces/octi-log-log.d.ts" />
/// <reference path="./interfaces/octi-plugin-tools.d.ts" />
/// <reference path="./interfaces/octi-shell-process.d.ts" />
/// <reference path="./interfaces/octi-types-common.d.ts" />
declare module 'octi:build/component' {
  export type * as OctiFsFiles010 from 'octi:fs/files@1.0.0'; // import octi:fs/files@1.0.0
  export type * as OctiHttpClient010 from 'octi:http/client@1.0.0'; // import octi:http/client@1.0.0
  export type * as OctiKvStore010 from 'octi:kv/store@1.0.0'; // import octi:kv/store@1.0.0
  export type * as OctiLogLog010 from 'octi:log/log@1.0.0'; // import octi:log/log@1.0.0
  export type * as OctiShellProcess010 from 'octi:shell/process@1.0.0'; // import octi:shell/process@1.0.0
  export type * as OctiTypesCommon010 from 'octi:types/common@1.0.0'; // import octi:types/common@1.0.0
  export * as tools from 'octi:plugin/tools@1.0.0'; // export octi:plugin/tools@1.0.0
}
