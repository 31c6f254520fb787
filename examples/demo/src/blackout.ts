import { readFileSync } from "node:fs";
import { MessageProtocol } from "lacre";
import type { Actor } from "./actor.js";
import type { RecordingProxy } from "./recording-proxy.js";
import { webSocketMessages } from "./web-socket-frames.js";

const SECONDS = 1.5;

/** A time without a network, once, while somebody writes. */
export class Blackout {
  readonly seconds = SECONDS;
  /** How many lines had been said. */
  readonly afterLine: number;
  /** How many lines were written while the network was down. */
  written = 0;
  #isOn = true;

  constructor(proxy: RecordingProxy, afterLine: number) {
    this.afterLine = afterLine;
    proxy.cut();
    setTimeout(() => {
      this.#isOn = false;
      proxy.mend();
    }, SECONDS * 1000);
  }

  noteLine(): void {
    if (this.#isOn) this.written += 1;
  }
}

/** Whether both noticed, and greeted the server once more: else nothing was shown by it. */
export function problemsOfBlackout(actors: readonly Actor[], proxy: RecordingProxy): string[] {
  const expected = 2 * actors.length;
  const missing = (["hello", "welcome"] as const)
    .map((type) => ({ type, count: countRecorded(type, proxy) }))
    .filter(({ count }) => count < expected);
  return [
    ...actors
      .filter(({ timesOffline }) => timesOffline === 0)
      .map(({ name }) => `${name}'s client did not notice that the network was cut`),
    ...missing.map(
      ({ type, count }) => `${count} times ${type} on the wire, and not at least ${expected}`,
    ),
  ];
}

function countRecorded(type: "hello" | "welcome", { recordings }: RecordingProxy): number {
  const side = type === "hello" ? "toServer" : "toClient";
  return recordings
    .flatMap((recording) => webSocketMessages(readFileSync(recording[side])))
    .filter((bytes) => MessageProtocol.fromBytes(bytes).type === type).length;
}
