/**
 * A page of its own, in a frame that nobody sees: draws Mermaid diagrams for the page around it.
 *
 * Mermaid measures text in the document and sets styles inline, which the page's content security policy refuses. Here
 * they are allowed, and nothing else is: no request to anywhere, no script but these files. What goes back is text.
 */
import mermaid from "mermaid";
import type { DrawingAnswer, DrawingRequest } from "@/markdown/drawing";

let count = 0;

addEventListener("message", (event: MessageEvent<DrawingRequest>) => {
  if (event.origin === location.origin && event.source === parent) void answer(event.data);
});
parent.postMessage("ready", location.origin);

async function answer({ id, source, dark }: DrawingRequest): Promise<void> {
  let answered: DrawingAnswer;
  try {
    answered = { id, svg: await draw(source, dark) };
  } catch {
    answered = { id, svg: null };
  }
  parent.postMessage(answered, location.origin);
}

async function draw(source: string, dark: boolean): Promise<string> {
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    theme: dark ? "dark" : "neutral",
    fontFamily: "sans-serif",
    // As plain SVG text: a picture cannot hold HTML everywhere.
    htmlLabels: false,
    flowchart: { htmlLabels: false, useMaxWidth: false },
    suppressErrorRendering: true,
  });
  count += 1;
  const { svg } = await mermaid.render(`diagram-${count}`, source);
  return svg;
}
