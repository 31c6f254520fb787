import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageProtocol } from "lacre";
import type { Actor } from "./actor.js";
import type { RecordingProxy } from "./recording-proxy.js";
import type { Stage } from "./stage.js";
import { webSocketMessages } from "./web-socket-frames.js";

const CUT_MS = 1500;

/** A time in which nobody reaches the server, while somebody writes. */
export class Outage {
  readonly what: string;
  /** How many lines had been said. */
  readonly afterLine: number;
  /** How many lines were written meanwhile. */
  written = 0;
  /** How long it was; undefined while it lasts. */
  seconds: number | undefined;
  readonly ended: Promise<void>;

  private constructor(what: string, afterLine: number, last: () => Promise<void>) {
    this.what = what;
    this.afterLine = afterLine;
    const start = performance.now();
    this.ended = last().then(() => {
      this.seconds = (performance.now() - start) / 1000;
    });
    // Whoever awaits it hears of a failure; the process is not to end of it before.
    this.ended.catch(() => {});
  }

  static ofNetwork({ proxy }: Stage, afterLine: number): Outage {
    return new Outage("the network was cut", afterLine, async () => {
      proxy.cut();
      await sleep(CUT_MS);
      proxy.mend();
    });
  }

  static ofServer(stage: Stage, afterLine: number): Outage {
    return new Outage("the server was killed", afterLine, async () => {
      await stage.killServer();
      await stage.startServer();
    });
  }

  noteLine(): void {
    if (this.seconds === undefined) this.written += 1;
  }
}

/** Whether both noticed each, and greeted the server once more: else nothing was shown by it. */
export function problemsOfOutages(
  outages: readonly Outage[],
  actors: readonly Actor[],
  proxy: RecordingProxy,
): string[] {
  const expected = (1 + outages.length) * actors.length;
  const missing = (["hello", "welcome"] as const)
    .map((type) => ({ type, count: countRecorded(type, proxy) }))
    .filter(({ count }) => count < expected);
  return [
    ...actors
      .filter(({ timesOffline }) => timesOffline < outages.length)
      .map(
        ({ name, timesOffline }) =>
          `${name}'s client was offline ${timesOffline} times, and not ${outages.length}`,
      ),
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
