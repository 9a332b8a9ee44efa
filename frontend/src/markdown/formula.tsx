import { type ReactNode, useEffect, useRef, useState } from "react";

interface FormulaProps {
  source: string;
  display: boolean;
  /** What is shown until the formula is there, and where it cannot be read. */
  raw: string;
}

/** A formula as MathML, which the browser sets itself: no styles, no fonts, and screen readers can read it. */
export function Formula({ source, display, raw }: FormulaProps): ReactNode {
  const element = useRef<HTMLSpanElement>(null);
  const [readable, setReadable] = useState(false);
  useEffect(() => {
    let wanted = true;
    import("katex")
      .then(({ default: katex }) => {
        if (!wanted || !element.current) return;
        katex.render(source, element.current, { displayMode: display, output: "mathml", throwOnError: true });
        setReadable(true);
      })
      .catch(() => wanted && setReadable(false));
    return () => {
      wanted = false;
    };
  }, [source, display]);
  return (
    <>
      <span ref={element} className={display ? "formula display" : "formula"} hidden={!readable} />
      {!readable && <code>{raw.trim()}</code>}
    </>
  );
}
