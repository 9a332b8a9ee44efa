/** What people call the browser and the system that a User-Agent speaks of. The order matters: most claim to be others. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(Firefox|FxiOS)\//, "Firefox"],
  [/(Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, "Android"],
  [/\b(iPhone|iPad)\b/, "iOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** "Firefox, Linux"; of a program its name, "curl"; "" where nothing is known. */
export function deviceName(userAgent: string): string {
  const known = [BROWSERS, SYSTEMS].map((table) => table.find(([sign]) => sign.test(userAgent))?.[1]);
  return known.filter(Boolean).join(", ") || (userAgent.split(/[/ ]/)[0] ?? "");
}
