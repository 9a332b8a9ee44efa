import type { ReactNode } from "react";
import "@/styles/figures.css";

export interface Tile {
  label: string;
  value: string;
  /** A second, softer line. */
  text?: string | null | undefined;
}

/** Figures that are read at a glance. */
export function Tiles({ tiles }: { tiles: readonly Tile[] }): ReactNode {
  return (
    <dl className="tiles">
      {tiles.map(({ label, value, text }) => (
        <div className="tile" key={label}>
          <dt className="soft small">{label}</dt>
          <dd>
            <span className="tile-value">{value}</span>
            {text && <span className="soft small">{text}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
