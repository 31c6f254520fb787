import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "../client/accounts.js";
import type { Load } from "../load.js";
import { until } from "../until.js";
import { type Failure, Probe } from "./probe.js";

/** Effects of one outage on the clients. */
export interface Outage {
  readonly name: string;
  readonly seconds: number;
  /** Number of messages acknowledged during the outage. */
  readonly acknowledged: number;
  /**
   * Seconds from the end of the outage until each client had a new message acknowledged, and received a new message in each
   * of its chats. Undefined after a timeout.
   */
  readonly recoverySeconds: number | undefined;
  /** Error answers over HTTP. */
  readonly failures: readonly Failure[];
  readonly slowestAnswerSeconds: number;
  /** HTTP results that the server must not cause even in an outage. */
  readonly unexpected: readonly string[];
}

/** Counts since the beginning of an outage. */
export interface OutageCounts {
  readonly acknowledged: number;
  readonly failures: number;
}

export interface Plan {
  readonly name: string;
  /** Minimum duration in milliseconds. */
  readonly ms: number;
  /** Extends the outage until this returns true, or until a timeout. */
  readonly hasEffect?: (counts: OutageCounts) => boolean;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Enough for a busy machine. */
const TIMEOUT_SECONDS = 120;

/** Begins and ends an outage under load, and waits for the recovery. */
export async function runOutage(
  { name, ms, hasEffect = () => true, begin, end }: Plan,
  load: Load,
  urls: readonly string[],
  account: Account,
): Promise<Outage> {
  const probe = new Probe(urls, account);
  const begun = performance.now();
  await begin();
  const before = load.acknowledged;
  await delay(ms);
  const counts = () => ({
    acknowledged: load.acknowledged - before,
    failures: probe.failures.length,
  });
  await until(() => hasEffect(counts()), TIMEOUT_SECONDS);
  const { acknowledged } = counts();
  await end();
  const over = performance.now();
  const isBack = await until(isRecovered(load, Date.now() / 1000), TIMEOUT_SECONDS);
  const recoverySeconds = isBack ? (performance.now() - over) / 1000 : undefined;
  await probe.stop();
  const { failures, unexpected, slowestMs } = probe;
  return {
    name,
    seconds: (over - begun) / 1000,
    acknowledged,
    recoverySeconds,
    failures,
    slowestAnswerSeconds: slowestMs / 1000,
    unexpected,
  };
}

/** Whether, since that time, each client had a message acknowledged and received a new message in each of its chats. */
function isRecovered({ clients }: Load, since: number): () => boolean {
  const before = clients.map(({ record }) => ({
    sent: record.sent.size,
    received: record.received.length,
  }));
  return () =>
    clients.every(({ record, chats }, at) => {
      const { sent, received } = before[at]!;
      const fresh = record.received.slice(received).filter(({ timestamp }) => timestamp >= since);
      const chatsReceived = new Set(fresh.map(({ chat_id }) => chat_id));
      return record.sent.size > sent && chats.every((chat) => chatsReceived.has(chat));
    });
}
