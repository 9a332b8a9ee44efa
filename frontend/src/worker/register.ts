/** Has the browser keep the page, where it can and the page was built. */
const ADDRESS = "/sw.js";
/** Browsers ask for another version when a page is loaded; one that stays open for days asks by itself. */
const ASK_EVERY_MS = 3_600_000;

/** onNewVersion: another version of the page than this one is there; it is shown when the page is loaded again. */
export function registerWorker(onNewVersion: () => void): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  // The first one that takes over is of this page's own version.
  let known = serviceWorker.controller !== null;
  serviceWorker.addEventListener("controllerchange", () => {
    if (known) onNewVersion();
    known = true;
  });
  const register = (): void => {
    void serviceWorker
      .register(ADDRESS)
      .then((worker) => setInterval(() => void worker.update().catch(() => undefined), ASK_EVERY_MS))
      .catch(() => undefined);
  };
  // After the page itself, which has the network first.
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}
