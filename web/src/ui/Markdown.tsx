import { isValidElement, memo, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { Code } from "./Code";

const PLUGINS = [remarkGfm];

const COMPONENTS: Components = {
  pre: ({ children }) => {
    const { text, language } = codeOf(children);
    return <Code code={text} language={language} />;
  },
  // A link leaves octi and must not tell the other side where it comes from.
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  // Pictures from elsewhere would tell their server who reads; the address is shown instead.
  img: ({ src, alt }) => (
    <span className="text-soft">
      [{alt || "picture"}: {String(src ?? "")}]
    </span>
  ),
};

function codeOf(children: ReactNode): { text: string; language: string } {
  if (!isValidElement<{ className?: string; children?: ReactNode }>(children))
    return { text: String(children ?? ""), language: "" };
  const language = /language-(\S+)/.exec(children.props.className ?? "")?.[1] ?? "";
  return { text: String(children.props.children ?? "").replace(/\n$/, ""), language };
}

/** Markdown of a model or a tool. HTML in it stays text. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="prose-octi">
      <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </div>
  );
});
