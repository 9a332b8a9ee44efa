import { type ReactNode, useEffect, useState } from "react";
import { CopyButton } from "@/components/copy-button";
import { Diagram } from "@/markdown/diagram";
import type { Highlighted } from "@/markdown/highlight";

interface CodeProps {
  code: string;
  language: string;
}

/** Code with its language and a button to copy it; diagrams as pictures. */
export function CodeBlock({ code, language, live }: CodeProps & { live: boolean }): ReactNode {
  if (live) {
    return (
      <CodeFrame language={language} code={code}>
        <code>{code}</code>
      </CodeFrame>
    );
  }
  if (language === "mermaid") return <Diagram source={code} />;
  return <HighlightedCode code={code} language={language} />;
}

export function CodeFrame({ code, language, children }: CodeProps & { children: ReactNode }): ReactNode {
  return (
    <figure className="code">
      <figcaption>
        <span>{language || "text"}</span>
        <CopyButton text={code} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide code is scrolled with the keyboard too */}
      <pre tabIndex={0}>{children}</pre>
    </figure>
  );
}

function HighlightedCode({ code, language }: CodeProps): ReactNode {
  const [colours, setColours] = useState<Highlighted | null>(null);
  useEffect(() => {
    let wanted = true;
    void import("@/markdown/highlight")
      .then(({ highlight }) => highlight(code, language))
      .then((found) => wanted && setColours(found))
      // Without colours it is still code: the reader of an old tab may not get a file that is gone.
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [code, language]);
  return (
    <CodeFrame language={language} code={code}>
      <code>{colours ?? code}</code>
    </CodeFrame>
  );
}
