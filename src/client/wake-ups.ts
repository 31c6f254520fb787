interface Target {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}
interface Surroundings extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
  readonly process?: {
    on?(signal: string, listener: () => void): void;
    off?(signal: string, listener: () => void): void;
  };
}

/** Functions to call at a wake-up. They share the listeners: Node warns about more than 10 of one signal. */
const wakes = new Set<() => void>();

/**
 * Calls `wake` when the network or the device may have changed: at `online`, `offline`, `pageshow` and `resume`, when the page
 * becomes visible, and at SIGCONT. A socket that died meanwhile reports nothing by itself. Returns a function that ends this.
 */
export function onWakeUp(wake: () => void): () => void {
  if (wakes.size === 0) listen("addEventListener", "on");
  wakes.add(wake);
  return () => {
    if (wakes.delete(wake) && wakes.size === 0) listen("removeEventListener", "off");
  };
}

function listen(
  change: "addEventListener" | "removeEventListener",
  changeSignal: "on" | "off",
): void {
  const here = globalThis as Surroundings;
  for (const type of ["online", "offline", "pageshow"]) here[change]?.(type, wakeAll);
  // Chromium fires `resume` when it unfreezes a tab.
  here.document?.[change]?.("resume", wakeAll);
  here.document?.[change]?.("visibilitychange", wakeIfVisible);
  here.process?.[changeSignal]?.("SIGCONT", wakeAll);
}

function wakeAll(): void {
  for (const wake of [...wakes]) wake();
}

function wakeIfVisible(): void {
  if ((globalThis as Surroundings).document?.visibilityState === "visible") wakeAll();
}
