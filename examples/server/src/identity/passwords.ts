import { availableParallelism } from "node:os";
import { hash, verify } from "@node-rs/argon2";
import { preparePassword } from "lacre";
import { HttpError } from "../errors.js";
import { FairQueue, type Origin } from "./fair-queue.js";

/** Argon2id, OWASP's minimum: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Maximum length of a password in bytes of UTF-8. */
const MAX_PASSWORD_BYTES = 1024;
/**
 * Maximum concurrent hashes: each uses a processor and 19 MiB. The other half of the processors is left to messages, and with 4, more
 * would wait for each other in Node's thread pool.
 */
export const HASHES_AT_ONCE = Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2)));
const MAX_WAITING = 100;

export class Passwords {
  /** Hash to verify for unknown users, so that a login takes the same time as for known users. */
  readonly #dummyHash = hash("password of an unknown user", COST);
  readonly #queue = new FairQueue({ concurrency: HASHES_AT_ONCE, maxWaiting: MAX_WAITING });

  /**
   * Hashes a prepared password.
   *
   * @throws {HttpError} if the password is too long or the queue is full.
   */
  async hash(password: string, origin: Origin): Promise<string> {
    if (!isHashable(password)) throw tooLong();
    return this.#queue.run(origin, () => hash(password, COST));
  }

  /**
   * Returns the form of a password that matches a hash: prepared, or raw as earlier versions hashed it. The forms tried depend
   * on the password only, not on the hash.
   *
   * @throws {HttpError} if the password is too long in both forms or the queue is full.
   */
  async verify(
    hashed: string | undefined,
    password: string,
    origin: Origin,
  ): Promise<"prepared" | "raw" | undefined> {
    const prepared = preparePassword(password);
    const forms = [...new Set([prepared, password])].filter(isHashable);
    if (forms.length === 0) throw tooLong();
    const known = hashed ?? (await this.#dummyHash);
    for (const form of forms) {
      const matches = await this.#queue.run(origin, () => verify(known, form));
      if (matches && hashed !== undefined) return form === prepared ? "prepared" : "raw";
    }
    return undefined;
  }
}

/** Whether a password is short enough to be hashed. */
export function isHashable(password: string): boolean {
  return Buffer.byteLength(password) <= MAX_PASSWORD_BYTES;
}

function tooLong(): HttpError {
  const message = `a password has at most ${MAX_PASSWORD_BYTES} bytes of UTF-8: choose a shorter one`;
  return new HttpError(422, "ERR_VALIDATION", message);
}
