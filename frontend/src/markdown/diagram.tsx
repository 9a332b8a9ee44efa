import type { ReactNode } from "react";
import { CodeFrame } from "@/markdown/code-block";

/** A Mermaid diagram. */
export function Diagram({ source }: { source: string }): ReactNode {
  return (
    <CodeFrame language="mermaid" code={source}>
      <code>{source}</code>
    </CodeFrame>
  );
}
