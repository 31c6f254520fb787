// The keys of skipped messages (RFC 9420, section 9.1). For each skipped generation, ts-mls keeps the secret of the ratchet, from
// which the keys of all later generations follow, also of those that were read. Here the key and the nonce take its place.
import { concat } from "../bytes.js";
import * as mls from "./engine-library.js";

type SecretTree = mls.ClientState["secretTree"];
type Ratchet = SecretTree[number]["application"];

/**
 * Returns algorithms that read what `keepOnlyKeys` kept. ts-mls expands it to a key and to a nonce. Its length is that of no secret, and
 * these are the only lengths that a part of it is returned for.
 */
export function withKeptKeys(cs: mls.CiphersuiteImpl): mls.CiphersuiteImpl {
  const { keyLength, nonceLength } = cs.hpke;
  const expand: typeof cs.kdf.expand = async (secret, info, length) => {
    if (secret.length !== keyLength + nonceLength) return cs.kdf.expand(secret, info, length);
    if (length === keyLength) return secret.slice(0, keyLength);
    if (length === nonceLength) return secret.slice(keyLength);
    return cs.kdf.expand(secret, info, length);
  };
  return { ...cs, kdf: { ...cs.kdf, expand } };
}

/**
 * Returns the tree after a message, with the keys of the messages that it skipped instead of their secrets.
 *
 * @param consumed - Receives these secrets.
 */
export function keepOnlyKeys(
  before: SecretTree,
  after: SecretTree,
  cs: mls.CiphersuiteImpl,
  consumed: Uint8Array[],
): Promise<SecretTree> {
  const withKeys = async ({ unusedGenerations, ...ratchet }: Ratchet): Promise<Ratchet> => {
    const kept: Record<number, Uint8Array> = {};
    for (const [text, value] of Object.entries(unusedGenerations)) {
      const generation = Number(text);
      if (value.length === cs.kdf.size) {
        const key = await mls.deriveKey(value, generation, cs);
        kept[generation] = concat(key, await mls.deriveNonce(value, generation, cs));
        consumed.push(value);
      } else {
        kept[generation] = value;
      }
    }
    return { ...ratchet, unusedGenerations: kept };
  };
  const kept = after.map(async (node, at) => {
    if (node === before[at]) return node;
    const { handshake, application } = node;
    return { handshake: await withKeys(handshake), application: await withKeys(application) };
  });
  return Promise.all(kept);
}
