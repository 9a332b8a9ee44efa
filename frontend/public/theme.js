// Runs before the first paint, so that a chosen theme never flashes in the other one. The rest is in src/theme.ts.
try {
  const theme = localStorage.getItem("aether.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off in this browser: the system's theme it is.
}
