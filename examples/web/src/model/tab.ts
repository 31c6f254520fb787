import { nameHere } from "lacre-client/web";

const LOCK = nameHere("lacre tab");
/** For the other tab to finish what it writes, in milliseconds. One that hangs is not waited for. */
const PATIENCE = 3000;

export interface Turn {
  /** Another tab has the account; `take` asks it for that. */
  elsewhere(take: () => void): void;
  /** This tab has the account. */
  begin(): Promise<void>;
  /** The account is to be let go of. Resolves when nothing is written any more. */
  end(): Promise<void>;
}

/**
 * Has one tab at a time work with what the browser keeps: two would send what one wrote twice, and move each other's
 * cursors. A tab that is closed lets the next one begin.
 */
export async function takeTurns(turn: Turn): Promise<never> {
  const channel = new BroadcastChannel(LOCK);
  const { held = [] } = await navigator.locks.query();
  let isOthers = held.some(({ name }) => name === LOCK);
  for (;;) {
    await oneTurn(turn, channel, isOthers);
    isOthers = true;
  }
}

async function oneTurn(turn: Turn, channel: BroadcastChannel, isOthers: boolean): Promise<void> {
  const waiting = new AbortController();
  let isOurs = false;
  const hold = async () => {
    isOurs = true;
    const asked = new Promise<void>((resolve) => {
      channel.onmessage = () => resolve();
    });
    await turn.begin();
    await asked;
    await turn.end();
  };
  const request = async (options: LockOptions) => {
    try {
      await navigator.locks.request(LOCK, options, hold);
    } catch {
      // It was stolen from us, or we do not wait for it any more.
      if (isOurs) await turn.end();
    }
  };
  const take = () => {
    channel.postMessage("take");
    setTimeout(() => {
      if (!isOurs) waiting.abort();
    }, PATIENCE);
  };
  if (isOthers) turn.elsewhere(take);
  await request({ signal: waiting.signal });
  if (!isOurs) await request({ steal: true });
}
