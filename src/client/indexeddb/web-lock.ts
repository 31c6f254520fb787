import type { LockOptions } from "../storage.js";

/** Milliseconds that a client has to store what it has in hand when another one takes over. */
const TAKEOVER_TIMEOUT = 3000;

/**
 * Takes a Web Lock. If it is stolen from another client, waits until that client has stored what it has in hand, or for 3 s.
 * Resolves with a function that releases the lock.
 */
export async function takeLock(name: string, options: LockOptions): Promise<() => void> {
  const { locks } = navigator as { locks?: LockManager };
  if (locks === undefined) return () => {};
  // A client sends a message when it has ended its use, which may be before this one has the stolen lock.
  const channel = new BroadcastChannel(name);
  const ended = new Promise((resolve) => {
    channel.onmessage = resolve;
  });
  try {
    const { held = [] } = await locks.query();
    const release = await requestLock(locks, name, options);
    if (options.steal && held.some((lock) => lock.name === name))
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TAKEOVER_TIMEOUT))]);
    return () => {
      channel.postMessage("ended");
      channel.close();
      release();
    };
  } catch (error) {
    channel.close();
    throw error;
  }
}

function requestLock(
  locks: LockManager,
  name: string,
  { signal, steal, onWait, onLost }: LockOptions,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    let isHeld = false;
    const hold = () =>
      new Promise<void>((release) => {
        isHeld = true;
        resolve(release);
      });
    const request = async () => {
      if (steal) return locks.request(name, { steal }, hold);
      const isTaken = await locks.request(name, { ifAvailable: true }, (lock) =>
        lock === null ? true : hold(),
      );
      if (isTaken !== true) return;
      onWait();
      await locks.request(name, { signal }, hold);
    };
    // A request rejects if it is aborted, or if its lock was stolen.
    request().catch((error) => (isHeld ? onLost() : reject(error)));
  });
}
