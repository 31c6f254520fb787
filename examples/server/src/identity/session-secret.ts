import { randomBytes } from "node:crypto";
import type { Store } from "../database/store.js";

const PURPOSE = "session-secret";

/**
 * The secret that every session's key is derived from: made at the first start and kept.
 *
 * With another one, which is what a new SERVER_SECRET is too, nobody's tokens change but everybody's session key does:
 * WebSockets that are open go on, greetings and frames under the old key are refused, and clients get the new key with
 * their next refresh or login. All instances have to have the same one, so they are restarted together.
 */
export async function loadSessionSecret(store: Store): Promise<Uint8Array> {
  const [kept] = await store.listKeys(PURPOSE);
  if (kept !== undefined) return kept.material;
  // Of instances that start at once the first one's stands.
  const created_at = Date.now() / 1000;
  await store.addKey({ id: PURPOSE, purpose: PURPOSE, material: randomBytes(32), created_at });
  return (await store.listKeys(PURPOSE))[0]!.material;
}
