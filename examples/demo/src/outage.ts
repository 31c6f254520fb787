import { setTimeout as sleep } from "node:timers/promises";
import type { Recording, RecordingProxy } from "./recording-proxy.js";
import type { Stage } from "./stage.js";
import type { Traffic } from "./traffic.js";

const CUT_MS = 1500;

/** What happened in an outage, for the verdict. */
export interface OutageRecord {
  readonly what: "the network was cut" | "the server was killed";
  /** How many lines had been typed. */
  readonly afterLine: number;
  /** How many lines were typed meanwhile. */
  readonly written: number;
  /** How long it was; undefined while it lasts. */
  readonly seconds: number | undefined;
  /** The connections that it broke. */
  readonly broken: readonly Recording[];
  /** How many connections there had been, open and closed. */
  readonly connectionsBefore: number;
}

/** A time in which nobody reaches the server, while somebody writes. */
export class Outage implements OutageRecord {
  readonly what: OutageRecord["what"];
  readonly afterLine: number;
  readonly broken: readonly Recording[];
  readonly connectionsBefore: number;
  /** Settles when it is over, or when `failure` says why it does not end. */
  readonly ended: Promise<void>;
  failure: string | undefined;
  written = 0;
  seconds: number | undefined;

  private constructor(
    what: OutageRecord["what"],
    afterLine: number,
    { recordings }: RecordingProxy,
    last: () => Promise<void>,
  ) {
    this.what = what;
    this.afterLine = afterLine;
    this.broken = recordings.filter(({ isOpen }) => isOpen);
    this.connectionsBefore = recordings.length;
    const start = performance.now();
    this.ended = last().then(
      () => {
        this.seconds = (performance.now() - start) / 1000;
      },
      ({ message }: Error) => {
        this.failure = message;
      },
    );
  }

  static ofNetwork({ proxy }: Stage, afterLine: number): Outage {
    return new Outage("the network was cut", afterLine, proxy, async () => {
      const port = proxy.cut();
      await sleep(CUT_MS);
      proxy.connectTo(port);
    });
  }

  static ofServer(stage: Stage, afterLine: number): Outage {
    return new Outage("the server was killed", afterLine, stage.proxy, async () => {
      await stage.killServer();
      await stage.startServer();
    });
  }

  noteLine(): void {
    if (this.seconds === undefined) this.written += 1;
  }
}

/**
 * The handshakes that are missing: one of each client at the start, and one after each outage. Without them the outage
 * showed nothing. Clients may connect more often.
 */
export function problemsOfOutages(
  outages: readonly OutageRecord[],
  clients: number,
  traffic: readonly Traffic[],
): string[] {
  const periods = [
    { when: "at the start", from: 0 },
    ...outages.map(({ what, connectionsBefore: from }) => ({ when: `after ${what}`, from })),
  ];
  return periods.flatMap(({ when, from }, at) => {
    const connections = traffic.slice(from, periods[at + 1]?.from);
    return (["hello", "welcome"] as const).flatMap((type) => {
      const count = connections.filter(({ types }) => types.has(type)).length;
      return count < clients
        ? [`${count} of ${clients} clients exchanged ${type} with the server ${when}`]
        : [];
    });
  });
}
