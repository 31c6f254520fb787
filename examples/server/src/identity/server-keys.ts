import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { Store } from "../database/store.js";

/** The secret that every session's key is derived from: made at the first start and kept. */
export async function loadSessionSecret(store: Store): Promise<Uint8Array> {
  const kept = await store.findKey("session-secret");
  return kept ?? store.keepKey("session-secret", randomBytes(32));
}

/** The RSA key that signs access tokens: made at the first start and kept. */
export async function loadTokenKey(store: Store): Promise<KeyObject> {
  const kept = await store.findKey("token-signing-key");
  const der = kept ?? (await store.keepKey("token-signing-key", await generateRsaKey()));
  return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
}

async function generateRsaKey(): Promise<Uint8Array> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return privateKey.export({ format: "der", type: "pkcs8" });
}
