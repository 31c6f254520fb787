import { createHash } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { aesGcm } from "#native";
import { pad } from "../../../src/e2e/padding.js";
import { chatMessageAad } from "../../../src/messages/chat-message-aad.js";
import { rawMap, rawText } from "../../../src/testing/raw.js";
import type { InvalidEncryption, ValidEncryption } from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";
import { errors, notated, rejection, valued } from "./notation.js";

const KEY = counting(32);
export const NONCE = counting(12);
export const CLIENT_ID = "018bcfe5-687b-7abc-8def-0123456789ab";
export const HEADER = {
  chat_id: 42,
  sender_id: 7,
  timestamp: 1_700_000_000.123,
  client_id: CLIENT_ID,
};
type Header = { chat_id: number; sender_id: number; timestamp: number; client_id?: string };
export const { client_id: _, ...WITHOUT_CLIENT_ID } = HEADER;
const aead = await aesGcm(KEY);

export async function sealed(plaintext: Uint8Array, header: Header = HEADER, aad = aadOf(header)) {
  const content = await aead.encrypt(NONCE, plaintext, aad);
  return { ...header, content, nonce: NONCE };
}

function aadOf(header: Header): Uint8Array {
  return chatMessageAad(header)!;
}

export async function valid(
  requirement: string,
  name: string,
  body: Uint8Array,
  content: object,
  { header = HEADER as Header, deflate = false } = {},
): Promise<ValidEncryption> {
  const stored = deflate ? deflated(body) : body;
  const plaintext = pad({ isCompressed: deflate, body: stored });
  const message = await sealed(plaintext, header);
  const aad = aadOf(header);
  const digest = createHash("sha256").update(aad).update(NONCE).update(message.content);
  return {
    ...{ name, requirement, key: toHex(KEY), message: fieldsOf(message), aad: toHex(aad) },
    ...{ plaintext: notated(plaintext), body: notated(body), is_deflated: deflate },
    ...{ content: valued(content), body_digest: digest.digest("hex") },
  };
}

export async function invalid(
  requirement: string,
  name: string,
  message: object | Promise<object>,
): Promise<InvalidEncryption> {
  return {
    ...rejection(requirement, name, errors.decrypt),
    key: toHex(KEY),
    message: fieldsOf(await message),
  };
}

function fieldsOf(message: object): ValidEncryption["message"] {
  return valued(message) as ValidEncryption["message"];
}

/** Compresses with run-length encoding only: other strategies give different bytes in different versions of zlib. */
export function deflated(body: Uint8Array): Uint8Array {
  return new Uint8Array(deflateRawSync(body, { strategy: constants.Z_RLE }));
}

export const map = (...entries: [string, Uint8Array][]) =>
  rawMap(...entries.map(([key, value]) => [rawText(key), value] as const));
export function padded(body: Uint8Array, isCompressed = false): Uint8Array {
  return pad({ isCompressed, body });
}
