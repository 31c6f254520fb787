import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, decodeHex } from "../../bytes.js";
import { unixNow } from "../../clock.js";
import type { Device } from "../../mls/device.js";
import type { RecoveryKey } from "../../mls/recovery-key.js";
import { signerOf } from "../../mls/signers.js";
import { uint } from "../../wire/layout.js";
import { hex, random, utf8 } from "./codec.js";
import type { HttpUser } from "./http-accounts.js";
import type { HttpFixture } from "./http-fixture.js";

// Makes history keys and chunks without the library's encoder (docs/PROTOCOL.md, A-15 and A-16). Public keys and ciphertexts are
// random: a server cannot decrypt chunks.

/** A history key, as it is published. */
export interface HistoryKey {
  /** Id of the key. */
  readonly to: string;
  readonly history_key: Bytes;
}

/** The place of a chunk at the server. */
export interface Position {
  readonly to: string;
  readonly device: string;
  readonly chat_id: number;
  readonly first_seq: number;
}

/** Makes a history key of a user. Each call makes another one. */
export async function makeHistoryKey(
  user_id: number,
  signer: Device | RecoveryKey,
): Promise<HistoryKey> {
  const publicKey = random(1216);
  const signed = concat(utf8("lacre/history-key/1\0"), uint(user_id, 8), publicKey);
  const digest = sha256(concat(utf8("lacre/history-id/1\0"), publicKey));
  const history_key = concat(signed, await signerOf(signer).sign(signed));
  return { to: hex(digest.subarray(0, 16)), history_key };
}

/** Makes a chunk of kind 1 with one message. Each call makes another one. */
export async function makeChunk(
  user_id: number,
  { to, device, chat_id, first_seq }: Position,
  signer: Device,
): Promise<Bytes> {
  const ids = [uint(user_id, 8), decodeHex(to)!, decodeHex(device)!];
  const time = Math.floor(unixNow() * 1000);
  const numbers = [chat_id, first_seq, first_seq, time].map((value) => uint(value, 8));
  const head = concat(utf8("lacre/history/1\0"), Uint8Array.of(1), ...ids, ...numbers);
  const encrypted = random(1120 + 144);
  const signature = await signerOf(signer).sign(concat(head, sha256(encrypted)));
  return concat(head, encrypted, signature);
}

/** Returns the path of a chunk. */
export const pathOf = ({ to, device, chat_id, first_seq }: Position) =>
  `/history/${to}/${device}/${chat_id}/${first_seq}`;

/** Publishes a history key, and throws ContractError if the answer has another status. */
export function publishKey(
  fixture: HttpFixture,
  { token }: HttpUser,
  { to, history_key }: HistoryKey,
) {
  return fixture.expectStatus("PUT", `/history/${to}`, 204, { token, body: { history_key } });
}

/** Requests the published history key, as base64. */
export async function publishedKey(fixture: HttpFixture, { token }: HttpUser): Promise<unknown> {
  return (await fixture.expectStatus("GET", "/history", 200, { token })).body.history_key;
}

/** Stores a chunk, and throws ContractError if the answer has another status. */
export function writeChunk(
  fixture: HttpFixture,
  { token }: HttpUser,
  position: Position,
  chunk: Bytes,
) {
  return fixture.expectStatus("PUT", pathOf(position), 204, { token, body: { chunk } });
}

/** Requests the chunks with an id greater than `after`. */
export async function listChunks(
  fixture: HttpFixture,
  { token }: HttpUser,
  to: string,
  after = 0,
): Promise<{ chunks: { chunk_id: number; chunk: string }[]; has_more: boolean }> {
  const path = `/history/${to}?after=${after}`;
  return (await fixture.expectStatus("GET", path, 200, { token })).body;
}
