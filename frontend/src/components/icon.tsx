import type { ReactNode } from "react";

/** Strokes on a field of 24 by 24. */
const SHAPES = {
  admin: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  archive: "M4 8v11h16V8M3 4h18v4H3zM10 12h4",
  arrowDown: "M12 5v14M6 13l6 6 6-6",
  arrowUp: "M12 19V5M6 11l6-6 6 6",
  branch: "M7 4v16M7 14c6 0 10-2 10-7M17 4v3M17 4l-3 3M17 4l3 3",
  chart: "M4 20h16M7 20v-6M12 20V6M17 20v-9",
  check: "M5 12.5 10 17.5 19 7",
  chevronDown: "M6 9l6 6 6-6",
  chevronLeft: "M15 6l-6 6 6 6",
  chevronRight: "M9 6l6 6-6 6",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  dollar: "M12 3v18M17 7c-1-1.5-3-2-5-2-3 0-5 1.2-5 3.3 0 4.7 10 2 10 7.2 0 2.2-2 3.5-5 3.5-2.4 0-4.3-.8-5.3-2.5",
  download: "M12 4v11M7 11l5 5 5-5M4 20h16",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  folder: "M3 6h6l2 2h10v11H3z",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
  key: "M8 9a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11 11l9-7M16 7l3 3",
  keyboard: "M3 7h18v10H3zM7 10.5h.5M11 10.5h.5M15 10.5h.5M8 14h8",
  lock: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
  list: "M9 6h12M9 12h12M9 18h12M4 6h.01M4 12h.01M4 18h.01",
  menu: "M4 7h16M4 12h16M4 17h16",
  moon: "M20 14A8 8 0 1 1 10 4a7 7 0 0 0 10 10",
  more: "M5 11.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6M12 11.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6M19 11.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6",
  pin: "M9 3h6l-1 7 4 4H6l4-4zM12 14v7",
  plus: "M12 5v14M5 12h14",
  prompt: "M4 5h16v12h-9l-4 3v-3H4zM13 8l-3 6",
  refresh: "M20 11a8 8 0 1 0-2 6M20 4v7h-7",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5",
  settings:
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1",
  share: "M12 15V4M7 8l5-5 5 5M5 12v8h14v-8",
  signOut: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  stop: "M7 7h10v10H7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  thumbDown: "M7 4v10M7 14l4 7c2 0 2-1 2-3v-3h6l-1.5-9-1.5-2H7M3 4h4v10H3z",
  thumbUp: "M7 20V10M7 10l4-7c2 0 2 1 2 3v3h6l-1.5 9-1.5 2H7M3 10h4v10H3z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  upload: "M12 16V5M7 9l5-5 5 5M4 20h16",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c0-4 4-6 8-6s8 2 8 6",
  users:
    "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M2 20c0-4 3-6 7-6s7 2 7 6M16 5.2a3.5 3.5 0 0 1 0 6.6M18 14.5c2.5.7 4 2.5 4 5.5",
} as const;

export type IconName = keyof typeof SHAPES;

/** A picture beside or instead of words; the words or the button's label say what it means. */
export function Icon({ name }: { name: IconName }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}
