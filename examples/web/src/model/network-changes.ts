/**
 * Calls `probe` when the network may have changed or the page continues after a suspension, as a socket that died then fires no
 * event. Returns a function that removes the listeners.
 */
export function onNetworkChange(probe: () => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  for (const event of ["online", "offline", "pageshow"]) {
    window.addEventListener(event, probe, { signal });
  }
  // Chromium fires `resume` when it unfreezes a tab.
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
