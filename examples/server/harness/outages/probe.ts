import { setTimeout as delay } from "node:timers/promises";
import { ErrorResponse } from "lacre";
import type { Account } from "../client/accounts.js";

const PERIOD_MS = 100;
/** Matches internals that no answer may contain: SQL, stack traces, connection strings. */
const INTERNALS = /\bselect\b|\binsert\b|\bupdate\b|node_modules|\.[jt]s:\d|postgres(ql)?:|redis:/i;

/** An error answer of a server. */
export interface Failure {
  readonly status: number;
  readonly error_code: string;
}

/** Requests the list of chats from each server every 100 ms, during outages too. */
export class Probe {
  readonly failures: Failure[] = [];
  /** Missing answers, answers without an ErrorResponse, and answers that contain internals. */
  readonly unexpected: string[] = [];
  slowestMs = 0;
  #isStopped = false;
  readonly #loops: Promise<void>[];

  constructor(urls: readonly string[], { access_token }: Account) {
    this.#loops = urls.map(async (url) => {
      while (!this.#isStopped) {
        await this.#request(url, access_token);
        await delay(PERIOD_MS);
      }
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  async #request(url: string, token: string): Promise<void> {
    const begun = performance.now();
    try {
      const response = await fetch(`${url}/chats`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(30_000),
      });
      this.#check(response.status, await response.text());
    } catch (error) {
      this.unexpected.push(`no answer: ${(error as Error).message}`);
    }
    this.slowestMs = Math.max(this.slowestMs, performance.now() - begun);
  }

  #check(status: number, text: string): void {
    if (status === 200) return;
    try {
      const { error_code } = ErrorResponse.parse(JSON.parse(text));
      this.failures.push({ status, error_code });
    } catch {
      this.unexpected.push(`${status} without an ErrorResponse`);
    }
    if (INTERNALS.test(text)) this.unexpected.push(`${status} contains internals: ${text}`);
  }
}
