import { hash, verify } from "@node-rs/argon2";
import { Refusal } from "../errors.js";

/** Argon2id, OWASP's minimum: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** In UTF-8. */
const MAX_PASSWORD_BYTES = 1024;
/** Each takes a thread and 19 MiB, which the rest of the server needs too. */
const AT_ONCE = 2;
const MAX_WAITING = 100;

export class Passwords {
  /** For users that do not exist, so that these take as long to refuse as those that do. */
  readonly #dummyHash = hash("nobody's password", COST);
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  async hash(password: string): Promise<string> {
    assertHashable(password);
    return this.#inTurn(() => hash(password, COST));
  }

  async verify(hashed: string | undefined, password: string): Promise<boolean> {
    assertHashable(password);
    const known = hashed ?? (await this.#dummyHash);
    const matches = await this.#inTurn(() => verify(known, password));
    return matches && hashed !== undefined;
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new Refusal(503, "ERR_UNAVAILABLE", "too many are logging in: try again in a moment", {
        retry_after: 5,
      });
    }
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

function assertHashable(password: string): void {
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
    const message = `a password has at most ${MAX_PASSWORD_BYTES} bytes of UTF-8: choose a shorter one`;
    throw new Refusal(422, "ERR_VALIDATION", message);
  }
}
