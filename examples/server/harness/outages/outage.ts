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
  /** From its end until every client had a new message acknowledged and a new one from each of its chats. */
  readonly recoverySeconds: number;
  /** Answers over HTTP that were errors. */
  readonly failures: readonly Failure[];
  readonly slowestAnswerSeconds: number;
  /** Answers over HTTP that should not be. */
  readonly surprises: readonly string[];
}

export interface Plan {
  readonly name: string;
  /** Between its begin and its end. */
  readonly ms: number;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const PATIENCE_SECONDS = 30;

/** Takes something away under load, and gives it back. */
export async function suffer(
  { name, ms, begin, end }: Plan,
  load: Load,
  urls: readonly string[],
  account: Account,
): Promise<Outage> {
  const probe = new Probe(urls, account);
  const begun = performance.now();
  await begin();
  const before = load.acknowledged;
  await delay(ms);
  const acknowledged = load.acknowledged - before;
  await end();
  const over = performance.now();
  await until(isRecovered(load, Date.now() / 1000), PATIENCE_SECONDS);
  const recoverySeconds = (performance.now() - over) / 1000;
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
