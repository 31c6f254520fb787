import { hash, verify } from "@node-rs/argon2";

/** Argon2id, OWASP's minimum: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export class Passwords {
  /** For users that do not exist, so that these take as long to refuse as those that do. */
  readonly #dummyHash = hash("nobody's password", COST);

  hash(password: string): Promise<string> {
    return hash(password, COST);
  }

  async verify(hashed: string | undefined, password: string): Promise<boolean> {
    const matches = await verify(hashed ?? (await this.#dummyHash), password);
    return matches && hashed !== undefined;
  }
}
