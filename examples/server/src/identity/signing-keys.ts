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
/** The `kid` of the key of the first start: of instances that start at once the first one's stands. */
const FIRST = "first";
/** An unknown kid makes the keys be read again, but not more often than so, in milliseconds. */
const READ_AGAIN_AFTER = 2000;
/** How long the keys are taken for what the database has, in milliseconds. */
const KEPT_FOR = 60_000;
/** Seconds before a new key signs: by then no instance refuses it for having read the keys just before it was made. */
const OVERLAP = 10;
/** Seconds after which every instance signs with a new key. */
const IN_USE_AFTER = OVERLAP + KEPT_FOR / 1000;

interface SigningKeyPair {
  /** The `kid` of what it signs. */
  readonly id: string;
  readonly created_at: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The RSA keys that tokens are signed with, which all instances have from the database: one signs, all of them verify. */
export class SigningKeys {
  readonly #store: Store;
  #keys: readonly SigningKeyPair[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Makes the first key if there is none. */
  static async open(store: Store): Promise<SigningKeys> {
    const keys = new SigningKeys(store);
    await keys.#read();
    if (keys.#keys.length === 0) {
      await addSigningKey(store, FIRST);
      await keys.#read();
    }
    return keys;
  }

  /** The key to sign with. */
  async current(): Promise<SigningKeyPair> {
    if (this.#age > KEPT_FOR) await this.#read();
    const oldEnough = Date.now() / 1000 - OVERLAP;
    return this.#keys.find(({ created_at }) => created_at <= oldEnough) ?? this.#keys.at(-1)!;
  }

  /** The key of a `kid`, also one that another instance has only just made. */
  async find(kid: string): Promise<SigningKeyPair | undefined> {
    const known = this.#keys.find(({ id }) => id === kid);
    if (known !== undefined || this.#age < READ_AGAIN_AFTER) return known;
    await this.#read();
    return this.#keys.find(({ id }) => id === kid);
  }

  /** The public halves, for whoever else checks our tokens (RFC 7517). */
  async jwks() {
    if (this.#age > KEPT_FOR) await this.#read();
    const keys = this.#keys.map(({ id: kid, publicKey }) => {
      const { kty, n, e } = publicKey.export({ format: "jwk" });
      return { kty, n, e, kid, alg: "RS256", use: "sig" };
    });
    return { keys };
  }

  get #age(): number {
    return performance.now() - this.#readAt;
  }

  /** Once for all who want it at the same time. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const readAt = performance.now();
    const stored = await this.#store.listKeys(PURPOSE);
    this.#keys = stored.map((key) => this.#keys.find(({ id }) => id === key.id) ?? keyPairOf(key));
    this.#readAt = readAt;
  }
}

/** Adds a key, which signs from soon on, and removes those whose last token has expired. Nobody is logged out. */
export async function rotateSigningKeys(
  store: Store,
  now = Date.now() / 1000,
): Promise<{ readonly added: string; readonly removed: readonly string[] }> {
  const added = await addSigningKey(store, randomBytes(8).toString("hex"), now);
  const keys = await store.listKeys(PURPOSE);
  // A key signs until the next one does, and its last token lives on from there.
  const isOver = (successor: ServerKey | undefined) =>
    successor !== undefined &&
    successor.created_at + IN_USE_AFTER + REFRESH_TOKEN_SECONDS + CLOCK_TOLERANCE < now;
  const removed = keys.filter((_, at) => isOver(keys[at - 1])).map(({ id }) => id);
  for (const id of removed) await store.removeKey(id);
  return { added, removed };
}

async function addSigningKey(
  store: Store,
  id: string,
  created_at = Date.now() / 1000,
): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const material = privateKey.export({ format: "der", type: "pkcs8" });
  await store.addKey({ id, purpose: PURPOSE, material, created_at });
  return id;
}

function keyPairOf({ id, material, created_at }: ServerKey): SigningKeyPair {
  const key = Buffer.from(material);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return { id, created_at, privateKey, publicKey: createPublicKey(privateKey) };
}
