import { type ReactNode, useEffect, useState } from "react";
import { useWords } from "@/i18n";
import { CodeFrame } from "@/markdown/code-block";
import { drawn } from "@/markdown/drawing";

/** A Mermaid diagram as a picture, with its source below; the source alone until it is drawn, or where it cannot be. */
export function Diagram({ source }: { source: string }): ReactNode {
  const { t } = useWords();
  const address = useDrawing(source);
  const code = (
    <CodeFrame language="mermaid" code={source}>
      <code>{source}</code>
    </CodeFrame>
  );
  if (!address) return code;
  return (
    <figure className="diagram">
      <img src={address} alt={t("diagram.alt")} />
      <details>
        <summary className="soft small">{t("diagram.source")}</summary>
        {code}
      </details>
    </figure>
  );
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The address of the picture. As an image no script in it runs and nothing is loaded from it. */
function useDrawing(source: string): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    let made = "";
    let wanted = true;
    drawn(source, isDark())
      .then((svg) => {
        if (!wanted || !svg) return;
        made = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
        setAddress(made);
      })
      // It stays what it is: text.
      .catch(() => undefined);
    return () => {
      wanted = false;
      setAddress(null);
      if (made) URL.revokeObjectURL(made);
    };
  }, [source]);
  return address;
}
