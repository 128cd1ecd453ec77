// Colours for code. Loaded when the first block of code is shown, and each language when it is needed.
import type { HighlighterCore, LanguageInput } from "shiki/core";

const LANGUAGES: Record<string, () => LanguageInput> = {
  bash: () => import("shiki/langs/bash.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  diff: () => import("shiki/langs/diff.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  html: () => import("shiki/langs/html.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  markdown: () => import("shiki/langs/markdown.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
};

const ALIASES: Record<string, string> = {
  sh: "bash",
  shell: "bash",
  zsh: "bash",
  js: "typescript",
  javascript: "typescript",
  ts: "typescript",
  md: "markdown",
  py: "python",
  rs: "rust",
  yml: "yaml",
};

/** Longer code is shown without colours: reading it must not wait. */
const CODE_MAX = 60_000;

let core: Promise<HighlighterCore> | null = null;

async function start(): Promise<HighlighterCore> {
  const [{ createHighlighterCore }, { createJavaScriptRegexEngine }] = await Promise.all([
    import("shiki/core"),
    import("shiki/engine/javascript"),
  ]);
  return createHighlighterCore({
    themes: [import("shiki/themes/github-light-default.mjs"), import("shiki/themes/github-dark-default.mjs")],
    langs: [],
    // The other engine is WebAssembly, which the page's policy does not allow.
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  });
}

export function languageOf(name: string): string | null {
  const wanted = name.toLowerCase();
  const language = ALIASES[wanted] ?? wanted;
  return language in LANGUAGES ? language : null;
}

/** The code as HTML in which both themes' colours are, or nothing when there are none for it. */
export async function highlight(code: string, name: string): Promise<string | null> {
  const language = languageOf(name);
  const load = language === null ? undefined : LANGUAGES[language];
  if (language === null || load === undefined || code.length > CODE_MAX) return null;
  core ??= start();
  const highlighter = await core;
  await highlighter.loadLanguage(load());
  const themes = { light: "github-light-default", dark: "github-dark-default" };
  return highlighter.codeToHtml(code, { lang: language, themes, defaultColor: false });
}
