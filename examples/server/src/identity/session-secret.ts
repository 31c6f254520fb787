import { randomBytes } from "node:crypto";
import type { Store } from "../database/store.js";

const PURPOSE = "session-secret";

/**
 * Loads the secret from which all session keys are derived. The first start creates and stores it.
 *
 * A different secret, such as a new SERVER_SECRET, changes all session keys but no tokens. Open WebSockets continue, the server
 * rejects handshakes and frames under the old keys, and clients receive the new key with their next refresh or login. All
 * instances need the same secret, so restart them together.
 */
export async function loadSessionSecret(store: Store): Promise<Uint8Array> {
  const [stored] = await store.serverKeys.list(PURPOSE);
  if (stored !== undefined) return stored.material;
  // If several instances start together, the first insert wins.
  const [material, created_at] = [randomBytes(32), Date.now() / 1000];
  await store.serverKeys.add({ id: PURPOSE, purpose: PURPOSE, material, created_at });
  return (await store.serverKeys.list(PURPOSE))[0]!.material;
}
