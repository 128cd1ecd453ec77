/** The version in package.json, put in by Vite. */
declare const __OCTI_WEB_VERSION__: string;
