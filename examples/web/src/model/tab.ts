import { nameHere } from "lacre-client/web";

const LOCK = nameHere("lacre tab");
/** Time for the active tab to finish its writes, in milliseconds. After that its lock is stolen. */
const TAKEOVER_TIMEOUT = 3000;

export interface TabHandlers {
  /** Called if another tab is active. `take` makes this tab the active one. */
  onInactive(take: () => void): void;
  /** Called when this tab becomes active. */
  start(): Promise<void>;
  /** Called when this tab stops being active. Resolves when all writes are finished. */
  stop(): Promise<void>;
}

/**
 * Lets one tab at a time use the browser's stores: two tabs would send the same outbox and overwrite each other's cursors. When
 * the active tab is closed, the next one becomes active.
 */
export async function runInOneTab(handlers: TabHandlers): Promise<never> {
  const channel = new BroadcastChannel(LOCK);
  const { held = [] } = await navigator.locks.query();
  let isOtherActive = held.some(({ name }) => name === LOCK);
  for (;;) {
    await runOnce(handlers, channel, isOtherActive);
    isOtherActive = true;
  }
}

/** Waits until this tab is active, and returns when it no longer is. */
async function runOnce(
  handlers: TabHandlers,
  channel: BroadcastChannel,
  isOtherActive: boolean,
): Promise<void> {
  const waiting = new AbortController();
  let isActive = false;
  const runActive = async () => {
    isActive = true;
    const requested = new Promise<void>((resolve) => {
      channel.onmessage = () => resolve();
    });
    await handlers.start();
    await requested;
    await handlers.stop();
  };
  const request = async (options: LockOptions) => {
    try {
      await navigator.locks.request(LOCK, options, runActive);
    } catch {
      // The lock was stolen, or the wait for it was aborted.
      if (isActive) await handlers.stop();
    }
  };
  const take = () => {
    channel.postMessage("take");
    setTimeout(() => {
      if (!isActive) waiting.abort();
    }, TAKEOVER_TIMEOUT);
  };
  if (isOtherActive) handlers.onInactive(take);
  await request({ signal: waiting.signal });
  if (!isActive) await request({ steal: true });
}
