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
import { REFRESH_TOKEN_SECONDS } from "./lifetimes.js";

const PURPOSE = "token-signing-key";
/** An unknown kid makes the keys be read again, but not more often than so, in milliseconds. */
const READ_AGAIN_AFTER = 2000;
/** A key that another instance made is signed with after so many milliseconds at the latest. */
const KEPT_FOR = 60_000;

interface SigningKeyPair {
  /** The `kid` of what it signs. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The RSA keys that tokens are signed with, which all instances have from the database: the newest signs, all of them verify. */
export class SigningKeys {
  readonly #store: Store;
  #keys: readonly SigningKeyPair[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Makes the first key if there is none. */
  static async open(store: Store): Promise<SigningKeys> {
    const keys = new SigningKeys(store);
    await keys.#read();
    if (keys.#keys.length === 0) {
      await addSigningKey(store);
      await keys.#read();
    }
    return keys;
  }

  async current(): Promise<SigningKeyPair> {
    if (performance.now() - this.#readAt > KEPT_FOR) await this.#read();
    return this.#keys[0]!;
  }

  async find(kid: string): Promise<SigningKeyPair | undefined> {
    const known = this.#keys.find(({ id }) => id === kid);
    if (known !== undefined || performance.now() - this.#readAt < READ_AGAIN_AFTER) return known;
    await this.#read();
    return this.#keys.find(({ id }) => id === kid);
  }

  /** The public halves, for whoever else checks our tokens (RFC 7517). */
  async jwks() {
    if (performance.now() - this.#readAt > KEPT_FOR) await this.#read();
    const keys = this.#keys.map(({ id: kid, publicKey }) => {
      const { kty, n, e } = publicKey.export({ format: "jwk" });
      return { kty, n, e, kid, alg: "RS256", use: "sig" };
    });
    return { keys };
  }

  async #read(): Promise<void> {
    const stored = await this.#store.listKeys(PURPOSE);
    this.#readAt = performance.now();
    this.#keys = stored.map(
      ({ id, material }) => this.#keys.find((known) => known.id === id) ?? keyPairOf(id, material),
    );
  }
}

/** Adds a key, which signs from then on, and removes those whose last token has expired. Nobody is logged out. */
export async function rotateSigningKeys(
  store: Store,
  now = Date.now() / 1000,
): Promise<{ readonly added: string; readonly removed: readonly string[] }> {
  const added = await addSigningKey(store, now);
  const keys = await store.listKeys(PURPOSE);
  // A key signs until the next one is made, and its last token lives on from there.
  const isOver = (successor: ServerKey | undefined) =>
    successor !== undefined && successor.created_at + REFRESH_TOKEN_SECONDS + KEPT_FOR / 1000 < now;
  const removed = keys.filter((_, at) => isOver(keys[at - 1])).map(({ id }) => id);
  for (const id of removed) await store.removeKey(id);
  return { added, removed };
}

async function addSigningKey(store: Store, created_at = Date.now() / 1000): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const material = privateKey.export({ format: "der", type: "pkcs8" });
  const id = randomBytes(8).toString("hex");
  await store.addKey({ id, purpose: PURPOSE, material, created_at });
  return id;
}

function keyPairOf(id: string, material: Uint8Array): SigningKeyPair {
  const key = Buffer.from(material);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return { id, privateKey, publicKey: createPublicKey(privateKey) };
}
