import { type ReactNode, useLayoutEffect, useRef } from "react";
import { CodeFrame } from "@/markdown/code-block";

const OPENING = /^(`{3,}|~{3,})([^\n`]*)\n/;

/** The code of a fence that is not closed yet; null where the text is something else. */
export function openCode(text: string): { language: string; code: string } | null {
  const opening = OPENING.exec(text);
  return opening ? { language: opening[2]?.trim() ?? "", code: text.slice(opening[0].length) } : null;
}

/** Code while it arrives: what is new is added to the text that is there, so a long listing stays as quick as a short. */
export function GrowingCode({ language, code }: { language: string; code: string }): ReactNode {
  const element = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const parent = element.current;
    if (!parent) return;
    const text = parent.firstChild instanceof Text ? parent.firstChild : parent.appendChild(new Text());
    if (code.length >= text.length) text.appendData(code.slice(text.length));
    else text.data = code;
  }, [code]);
  return (
    <CodeFrame language={language} code={code}>
      <code ref={element} />
    </CodeFrame>
  );
}
