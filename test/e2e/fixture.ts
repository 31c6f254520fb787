import { expect } from "vitest";
import { decryptBytes, encryptBytes } from "../../src/e2e/encrypt.js";
import { type BodyOptions, ChatKey, decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import { pad, unpad } from "../../src/e2e/padding.js";
import { type ChatMessage, DecryptError } from "../../src/index.js";
import { written } from "../../src/wire/encode.js";
import { CLIENT_ID, NOW } from "../support/examples.js";
import { counting, hex } from "../support/hex.js";

export const hasWebCrypto = crypto.subtle !== undefined;
export const key = await ChatKey.from(counting(32));

export const NIL = "00000000-0000-0000-0000-000000000000";
export const hola = { kind: "text", text: "hola" } as const;
export const header = { chat_id: 42, sender_id: 7, timestamp: NOW + 0.123, client_id: CLIENT_ID };

export function encryptText(text: string, fields = {}): Promise<ChatMessage> {
  return encryptMessage(key, { ...header, content: { kind: "text", text }, ...fields });
}

/** The additional authenticated data of a message with this header. */
const aad = hex(
  "6c616372652f6532652f31 000000000000002a 0000000000000007 0000018bcfe5687b 018bcfe5687b7abc8def0123456789ab",
);

/** Encrypts any plaintext as a message, also one that no client produces. */
export async function encryptPlaintext(plaintext: Uint8Array): Promise<ChatMessage> {
  return { ...header, ...(await encryptBytes(key, plaintext, aad)) };
}

/** Encrypts any body as a message, also one that no client produces. */
export function encryptBody(body: Uint8Array, isCompressed = false): Promise<ChatMessage> {
  return encryptPlaintext(pad({ isCompressed, body }));
}

export async function decryptBody(message: ChatMessage): Promise<ReturnType<typeof unpad>> {
  return unpad(await decryptBytes(key, message, aad));
}

/** Encodes a map as the body of a plaintext. */
export function encodeBody(map: Record<string, unknown>): Uint8Array {
  return written((writer) => writer.payload(map, "bin"));
}

/** Expects a DecryptError, which is the same for every cause. */
export async function expectDecryptError(
  message: ChatMessage,
  under = key,
  options?: BodyOptions,
): Promise<void> {
  await expect(decryptMessage(under, message, options)).rejects.toStrictEqual(new DecryptError());
}
