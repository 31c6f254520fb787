import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "../client/accounts.js";
import type { Load } from "../load.js";
import { until } from "../until.js";
import { type Failure, Probe } from "./probe.js";

/** What one outage was like for the clients. */
export interface Outage {
  readonly name: string;
  readonly seconds: number;
  /** Acknowledged while it lasted. */
  readonly acknowledged: number;
  /**
   * From its end until every client had a new message acknowledged and a new one from each of its chats; undefined where
   * that did not come.
   */
  readonly recoverySeconds: number | undefined;
  /** Answers over HTTP that were errors. */
  readonly failures: readonly Failure[];
  readonly slowestAnswerSeconds: number;
  /** Answers over HTTP that should not be. */
  readonly surprises: readonly string[];
}

/** What has happened since an outage began. */
export interface Seen {
  readonly acknowledged: number;
  readonly failures: number;
}

export interface Plan {
  readonly name: string;
  /** Between its begin and its end, at least. */
  readonly ms: number;
  /** What must happen before its end; where it does not, the outage ends after some time all the same. */
  readonly shows?: (seen: Seen) => boolean;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** On a busy machine everything takes longer. */
const PATIENCE_SECONDS = 120;

/** Takes something away under load, and gives it back. */
export async function suffer(
  { name, ms, shows = () => true, begin, end }: Plan,
  load: Load,
  urls: readonly string[],
  account: Account,
): Promise<Outage> {
  const probe = new Probe(urls, account);
  const begun = performance.now();
  await begin();
  const before = load.acknowledged;
  await delay(ms);
  const seen = () => ({
    acknowledged: load.acknowledged - before,
    failures: probe.failures.length,
  });
  await until(() => shows(seen()), PATIENCE_SECONDS);
  const { acknowledged } = seen();
  await end();
  const over = performance.now();
  const isBack = await until(isRecovered(load, Date.now() / 1000), PATIENCE_SECONDS);
  const recoverySeconds = isBack ? (performance.now() - over) / 1000 : undefined;
  await probe.stop();
  const { failures, surprises, slowestMs } = probe;
  return {
    name,
    seconds: (over - begun) / 1000,
    acknowledged,
    recoverySeconds,
    failures,
    slowestAnswerSeconds: slowestMs / 1000,
    surprises,
  };
}

/** Whether every client had something acknowledged since, and got something written since in each of its chats. */
function isRecovered({ clients }: Load, since: number): () => boolean {
  const marks = clients.map(({ record }) => ({
    sent: record.sent.size,
    received: record.received.length,
  }));
  return () =>
    clients.every(({ record, chats }, at) => {
      const { sent, received } = marks[at]!;
      const fresh = record.received.slice(received).filter(({ timestamp }) => timestamp >= since);
      const heard = new Set(fresh.map(({ chat_id }) => chat_id));
      return record.sent.size > sent && chats.every((chat) => heard.has(chat));
    });
}
