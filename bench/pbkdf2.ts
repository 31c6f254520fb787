import { createChatKey } from "lacre/e2e";
import { median } from "./measure.js";

const ITERATIONS = 600_000;
const ROUNDS = 5;
const TICK_MS = 5;

/** Cost of the derivation of a chat key from a passphrase. */
export interface Pbkdf2Result {
  readonly iterations: number;
  /** Duration of `createChatKey` in milliseconds. */
  readonly milliseconds: number;
  /** `milliseconds` divided by the time of WebCrypto's deriveBits. */
  readonly ratio: number;
  /** Longest time in milliseconds for which the event loop was blocked: the median of several derivations. */
  readonly longestPause: number;
  /** `longestPause` of an idle event loop, which shows the effect of other load on the machine. */
  readonly longestIdlePause: number;
}

export async function measurePbkdf2(): Promise<Pbkdf2Result> {
  const salt = new Uint8Array(16).fill(9);
  const inLacre = () => createChatKey("café con leche", { iterations: ITERATIONS });
  const times: number[] = [];
  const ratios: number[] = [];
  const pauses: number[] = [];
  const idlePauses: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const native = await timed(() => deriveWithWebCrypto(salt));
    const { time, pause } = await timed(inLacre);
    times.push(time);
    ratios.push(time / native.time);
    pauses.push(pause);
    idlePauses.push((await timed(() => new Promise((done) => setTimeout(done, time)))).pause);
  }
  return {
    iterations: ITERATIONS,
    milliseconds: median(times),
    ratio: median(ratios),
    longestPause: median(pauses),
    longestIdlePause: median(idlePauses),
  };
}

async function deriveWithWebCrypto(salt: Uint8Array): Promise<unknown> {
  const password = new TextEncoder().encode("café con leche");
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS };
  return crypto.subtle.deriveBits(parameters as Pbkdf2Params, key, 256);
}

async function timed(work: () => Promise<unknown>): Promise<{ time: number; pause: number }> {
  let pause = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    pause = Math.max(pause, now - last - TICK_MS);
    last = now;
  }, TICK_MS);
  const start = performance.now();
  await work();
  const time = performance.now() - start;
  clearInterval(timer);
  return { time, pause: Math.max(pause, performance.now() - last - TICK_MS) };
}
