import { useEffect, useState } from "react";
import { cx } from "@/lib/cx";
import { CopyButton } from "./CopyButton";
import { highlight } from "./highlight";

/** A block of code with its language, a way to copy it, and colours once they are loaded. */
export function Code({
  code,
  language = "",
  className,
}: {
  code: string;
  language?: string;
  className?: string;
}) {
  const html = useHighlight(code, language);
  return (
    <div className={cx("my-2 overflow-hidden rounded border border-line bg-surface-2", className)}>
      <div className="flex h-8 items-center justify-between border-b border-line pr-1 pl-3">
        <span className="mono text-xs text-faint">{language || "text"}</span>
        <CopyButton text={code} label="Copy the code" />
      </div>
      <div className="max-h-120 overflow-auto p-3 text-sm">
        {html === null ? (
          <pre>{code}</pre>
        ) : (
          // biome-ignore lint/security/noDangerouslySetInnerHtml: shiki escapes the code and writes nothing but spans
          <div dangerouslySetInnerHTML={{ __html: html }} />
        )}
      </div>
    </div>
  );
}

function useHighlight(code: string, language: string): string | null {
  const [done, setDone] = useState<{ code: string; html: string | null } | null>(null);
  useEffect(() => {
    let current = true;
    // While an answer is written, colours follow when it pauses.
    const timer = window.setTimeout(() => {
      highlight(code, language)
        .then((html) => current && setDone({ code, html }))
        .catch(() => current && setDone({ code, html: null }));
    }, 60);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [code, language]);
  return done?.code === code ? done.html : null;
}
