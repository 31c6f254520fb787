import { setTimeout as sleep } from "node:timers/promises";
import type { DemoFixture } from "./fixture.js";
import type { Recording, RecordingProxy } from "./recording-proxy.js";
import type { Traffic } from "./traffic.js";

/** How long the network is cut, in milliseconds. */
const CUT_MS = 1500;

/** An outage, for the verdict. */
export interface OutageRecord {
  readonly what: "the network was cut" | "the server was killed";
  /** Number of lines sent before the outage. */
  readonly afterLine: number;
  /** Number of lines sent during the outage. */
  readonly written: number;
  /** Duration in seconds; undefined until the outage ends. */
  readonly seconds: number | undefined;
  /** The connections that were open when the outage began. */
  readonly broken: readonly Recording[];
  /** Number of all connections before the outage, open and closed. */
  readonly connectionsBefore: number;
}

/** A period in which no client can reach the server. Lines are sent during it. */
export class Outage implements OutageRecord {
  readonly what: OutageRecord["what"];
  readonly afterLine: number;
  readonly broken: readonly Recording[];
  readonly connectionsBefore: number;
  /** Resolves when the outage ends, or when `failure` is set. */
  readonly ended: Promise<void>;
  /** Why the outage cannot end, such as a server that does not start again. */
  failure: string | undefined;
  written = 0;
  seconds: number | undefined;

  private constructor(
    what: OutageRecord["what"],
    afterLine: number,
    { recordings }: RecordingProxy,
    beginAndEnd: () => Promise<void>,
  ) {
    this.what = what;
    this.afterLine = afterLine;
    this.broken = recordings.filter(({ isOpen }) => isOpen);
    this.connectionsBefore = recordings.length;
    const start = performance.now();
    this.ended = beginAndEnd().then(
      () => {
        this.seconds = (performance.now() - start) / 1000;
      },
      ({ message }: Error) => {
        this.failure = message;
      },
    );
  }

  static ofNetwork({ proxy }: DemoFixture, afterLine: number): Outage {
    return new Outage("the network was cut", afterLine, proxy, async () => {
      const port = proxy.cut();
      await sleep(CUT_MS);
      proxy.connectTo(port);
    });
  }

  static ofServer(fixture: DemoFixture, afterLine: number): Outage {
    return new Outage("the server was killed", afterLine, fixture.proxy, async () => {
      await fixture.killServer();
      await fixture.startServer();
    });
  }

  /** Counts a line that was sent, if the outage has not ended. */
  countLine(): void {
    if (this.seconds === undefined) this.written += 1;
  }
}

/**
 * Returns a problem for each period in which fewer than `clients` connections completed a handshake: at the start and after
 * each outage. Without a new handshake, an outage did not affect that client, so the run tested nothing.
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
