/** Diagrams are drawn in a frame with a policy of its own (see src/diagram), which is there once somebody needs one. */

export interface DrawingRequest {
  id: number;
  source: string;
  dark: boolean;
}

/** svg null: it cannot be read as a diagram. */
export interface DrawingAnswer {
  id: number;
  svg: string | null;
}

const FRAME = "/diagram.html";
const DEADLINE_MS = 20_000;

let frame: Promise<Window> | null = null;
let count = 0;

/** The diagram as SVG, for an image only; null where it cannot be drawn. */
export async function drawn(source: string, dark: boolean): Promise<string | null> {
  frame ??= opened();
  const target = await frame;
  count += 1;
  const id = count;
  return new Promise((resolve) => {
    const finish = (svg: string | null): void => {
      clearTimeout(timer);
      removeEventListener("message", listen);
      resolve(svg);
    };
    const listen = ({ source: from, data }: MessageEvent<DrawingAnswer>): void => {
      if (from === target && data.id === id) finish(data.svg);
    };
    const timer = setTimeout(() => finish(null), DEADLINE_MS);
    addEventListener("message", listen);
    target.postMessage({ id, source, dark } satisfies DrawingRequest, location.origin);
  });
}

/** Resolves when the frame listens. One that does not come is asked for again by the next diagram. */
function opened(): Promise<Window> {
  const element = document.createElement("iframe");
  element.src = FRAME;
  element.className = "drawing-frame";
  element.tabIndex = -1;
  element.setAttribute("aria-hidden", "true");
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      element.remove();
      frame = null;
      reject(new Error("The frame for diagrams does not answer."));
    }, DEADLINE_MS);
    const listen = ({ source, data }: MessageEvent): void => {
      if (source !== element.contentWindow || data !== "ready" || !element.contentWindow) return;
      clearTimeout(timer);
      removeEventListener("message", listen);
      resolve(element.contentWindow);
    };
    addEventListener("message", listen);
    document.body.append(element);
  });
}
