import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { promisify } from "node:util";
import type { ServerKey } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { CLOCK_TOLERANCE, REFRESH_TOKEN_SECONDS } from "./lifetimes.js";

const PURPOSE = "token-signing-key";
/** The `kid` of the first key. It is fixed, so that only one of several instances that start together creates the key. */
const FIRST = "first";
/** Minimum milliseconds between two reads of the keys that unknown kids cause. */
const MIN_READ_INTERVAL = 2000;
/** Milliseconds for which the keys are cached. */
const CACHE_TIME = 60_000;
/** Seconds before a new key is used, so that all instances can read it before they receive its tokens. */
const OVERLAP = 10;
/** Seconds after which every instance signs with a new key. */
const IN_USE_AFTER = OVERLAP + CACHE_TIME / 1000;

interface SigningKeyPair {
  /** The `kid` of the tokens that the key signs. */
  readonly id: string;
  readonly created_at: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** RSA keys for tokens, shared by all instances through the database. One key signs; all keys verify. */
export class SigningKeys {
  readonly #store: Store;
  #keys: readonly SigningKeyPair[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Loads the keys, and creates the first key if there is none. */
  static async open(store: Store): Promise<SigningKeys> {
    const keys = new SigningKeys(store);
    await keys.#read();
    if (keys.#keys.length === 0) {
      await addSigningKey(store, FIRST);
      await keys.#read();
    }
    return keys;
  }

  /** Returns the key for new tokens. */
  async current(): Promise<SigningKeyPair> {
    if (this.#age > CACHE_TIME) await this.#read();
    const oldEnough = Date.now() / 1000 - OVERLAP;
    return this.#keys.find(({ created_at }) => created_at <= oldEnough) ?? this.#keys.at(-1)!;
  }

  /** Finds the key of a `kid`, including a key that another instance has just created. */
  async find(kid: string): Promise<SigningKeyPair | undefined> {
    const known = this.#keys.find(({ id }) => id === kid);
    if (known !== undefined || this.#age < MIN_READ_INTERVAL) return known;
    await this.#read();
    return this.#keys.find(({ id }) => id === kid);
  }

  /** Returns the public keys as a JWK Set (RFC 7517), for other services that verify the tokens. */
  async jwks() {
    if (this.#age > CACHE_TIME) await this.#read();
    const keys = this.#keys.map(({ id: kid, publicKey }) => {
      const { kty, n, e } = publicKey.export({ format: "jwk" });
      return { kty, n, e, kid, alg: "RS256", use: "sig" };
    });
    return { keys };
  }

  get #age(): number {
    return performance.now() - this.#readAt;
  }

  /** Reads the keys. Concurrent callers share one read. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const readAt = performance.now();
    const stored = await this.#store.serverKeys.list(PURPOSE);
    this.#keys = stored.map((key) => this.#keys.find(({ id }) => id === key.id) ?? keyPairOf(key));
    this.#readAt = readAt;
  }
}

/** Adds a signing key and removes the keys whose last token has expired. Existing tokens stay valid. */
export async function rotateSigningKeys(
  store: Store,
  now = Date.now() / 1000,
): Promise<{ readonly added: string; readonly removed: readonly string[] }> {
  const added = await addSigningKey(store, randomBytes(8).toString("hex"), now);
  const keys = await store.serverKeys.list(PURPOSE);
  // A key signs until its successor is in use; its last token expires a token lifetime later.
  const isOver = (successor: ServerKey | undefined) =>
    successor !== undefined &&
    successor.created_at + IN_USE_AFTER + REFRESH_TOKEN_SECONDS + CLOCK_TOLERANCE < now;
  const removed = keys.filter((_, at) => isOver(keys[at - 1])).map(({ id }) => id);
  for (const id of removed) await store.serverKeys.remove(id);
  return { added, removed };
}

async function addSigningKey(
  store: Store,
  id: string,
  created_at = Date.now() / 1000,
): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const material = privateKey.export({ format: "der", type: "pkcs8" });
  await store.serverKeys.add({ id, purpose: PURPOSE, material, created_at });
  return id;
}

function keyPairOf({ id, material, created_at }: ServerKey): SigningKeyPair {
  const key = Buffer.from(material);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return { id, created_at, privateKey, publicKey: createPublicKey(privateKey) };
}
