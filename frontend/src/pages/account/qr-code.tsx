import { type ReactNode, useMemo } from "react";
import { encode } from "uqr";

/** Empty modules around the code, without which cameras do not find it. */
const QUIET = 4;

/** A text as a QR code, drawn here: the text goes to no other host. Dark on light in both themes, as cameras expect. */
export function QrCode({ text, label }: { text: string; label: string }): ReactNode {
  const { size, shape } = useMemo(() => drawn(text), [text]);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} />
      <path d={shape} />
    </svg>
  );
}

/** A square of one unit for each dark module. */
function drawn(text: string): { size: number; shape: string } {
  const { data, size } = encode(text, { border: QUIET, ecc: "M" });
  const squares = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
  return { size, shape: squares.join("") };
}
