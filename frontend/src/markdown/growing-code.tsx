import { type ReactNode, useLayoutEffect, useRef } from "react";
import { CodeFrame } from "@/markdown/code-block";

/** Characters. */
const PIECE = 4000;
const OPENING = /^(`{3,}|~{3,})([^\n`]*)\n/;

/** The code of a fence that is not closed yet; null where the text is something else. */
export function openCode(text: string): { language: string; code: string } | null {
  const opening = OPENING.exec(text);
  return opening ? { language: opening[2]?.trim() ?? "", code: text.slice(opening[0].length) } : null;
}

/**
 * Code while it arrives: what is new is added to the text that is there, so a long listing stays as quick as a short
 * one. It is cut into pieces at line ends, since a browser lays out the whole of a text that has grown.
 */
export function GrowingCode({ language, code }: { language: string; code: string }): ReactNode {
  const element = useRef<HTMLElement>(null);
  const shown = useRef(0);
  useLayoutEffect(() => {
    const parent = element.current;
    if (!parent) return;
    if (code.length < shown.current || !parent.firstChild) {
      parent.replaceChildren();
      shown.current = 0;
    }
    append(parent, code.slice(shown.current));
    shown.current = code.length;
  }, [code]);
  return (
    <CodeFrame language={language} code={code}>
      <code ref={element} />
    </CodeFrame>
  );
}

/** Only a line's end ends a piece: pieces are blocks. */
function append(parent: Element, added: string): void {
  const last = parent.lastChild?.firstChild;
  const text = last instanceof Text ? last : newPiece(parent);
  const end = text.length > PIECE ? added.indexOf("\n") + 1 : 0;
  if (end === 0) text.appendData(added);
  else {
    text.appendData(added.slice(0, end));
    newPiece(parent).appendData(added.slice(end));
  }
}

function newPiece(parent: Element): Text {
  const piece = document.createElement("span");
  const text = new Text();
  piece.className = "code-piece";
  piece.append(text);
  parent.append(piece);
  return text;
}
