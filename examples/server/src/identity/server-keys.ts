import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { ServerKey } from "../database/schema.js";
import type { Store } from "../database/store.js";

/** The secret that every session's key is derived from: made at the first start and kept. */
export async function loadSessionSecret(store: Store): Promise<Uint8Array> {
  return loadKey(store, "session-secret", async () => randomBytes(32));
}

/** The RSA key that signs access tokens: made at the first start and kept. */
export async function loadTokenKey(store: Store): Promise<KeyObject> {
  const der = await loadKey(store, "token-signing-key", generateRsaKey);
  return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
}

async function loadKey(
  store: Store,
  purpose: ServerKey["purpose"],
  generate: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const [kept] = await store.listKeys(purpose);
  if (kept !== undefined) return kept.material;
  const created_at = Date.now() / 1000;
  await store.addKey({ id: purpose, purpose, material: await generate(), created_at });
  return (await store.listKeys(purpose))[0]!.material;
}

async function generateRsaKey(): Promise<Uint8Array> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return privateKey.export({ format: "der", type: "pkcs8" });
}
