import { setTimeout as delay } from "node:timers/promises";
import { ErrorResponse } from "lacre";
import type { Account } from "../client/accounts.js";

const PERIOD_MS = 100;
/** What no answer may have in it: pieces of SQL, of a stack, or of a connection string. */
const INDISCREET =
  /\bselect\b|\binsert\b|\bupdate\b|node_modules|\.[jt]s:\d|postgres(ql)?:|redis:/i;

/** An answer of a server's that was not what was asked for. */
export interface Failure {
  readonly status: number;
  readonly error_code: string;
}

/** Asks servers for a list of chats again and again, as a client that knows nothing of outages. */
export class Probe {
  readonly failures: Failure[] = [];
  /** What no answer should be. */
  readonly surprises: string[] = [];
  slowestMs = 0;
  #isOver = false;
  readonly #asking: Promise<void>[];

  constructor(urls: readonly string[], { access_token }: Account) {
    this.#asking = urls.map(async (url) => {
      while (!this.#isOver) {
        await this.#ask(url, access_token);
        await delay(PERIOD_MS);
      }
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#asking);
  }

  async #ask(url: string, token: string): Promise<void> {
    const begun = performance.now();
    try {
      const response = await fetch(`${url}/chats`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(30_000),
      });
      this.#judge(response.status, await response.text());
    } catch (error) {
      this.surprises.push(`no answer: ${(error as Error).message}`);
    }
    this.slowestMs = Math.max(this.slowestMs, performance.now() - begun);
  }

  #judge(status: number, text: string): void {
    if (status === 200) return;
    try {
      const { error_code } = ErrorResponse.parse(JSON.parse(text));
      this.failures.push({ status, error_code });
    } catch {
      this.surprises.push(`${status} without an ErrorResponse`);
    }
    if (INDISCREET.test(text)) this.surprises.push(`${status} says too much: ${text}`);
  }
}
