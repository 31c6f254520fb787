/**
 * Calls `probe` when the network may have changed or the page was suspended: a socket that died meanwhile reports nothing by itself.
 * Returns a function that stops this.
 */
export function onNetworkChange(probe: () => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  for (const event of ["online", "offline", "pageshow"]) {
    window.addEventListener(event, probe, { signal });
  }
  // Chromium fires `resume` at a tab that it had frozen.
  document.addEventListener("resume", probe, { signal });
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "visible") probe();
    },
    { signal },
  );
  return () => stop.abort();
}
