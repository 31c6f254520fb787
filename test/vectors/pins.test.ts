import { sha256 } from "@noble/hashes/sha2.js";
import { expect, it } from "vitest";
import { aesGcm } from "#native";
import { hkdfSha256 } from "../../src/crypto/hkdf.js";
import { decodeContent, encodeContent } from "../../src/e2e/content.js";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import { decryptMessage } from "../../src/e2e/index.js";
import { pad, paddedLength } from "../../src/e2e/padding.js";
import { deriveSessionKey, MessageProtocol, SigningKey } from "../../src/index.js";
import { counting, hex, toHex } from "../support/hex.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

interface Pins {
  wire1: Pin & { secret_utf8: string; signed: string; signature: string };
  wire2: Pin & { key_id: string; id: string; frame: string };
  hkdf: Record<string, { salt: string; info_utf8?: string; info?: string; out: string }>;
  chat_key: {
    passphrase_utf8: string;
    salt: string;
    iterations: number;
    key: string;
    key_check: string;
  };
  chat_message: {
    chat_id: number;
    sender_id: number;
    timestamp: number;
    client_id: string;
    aad: string;
    content_utf8_json: { kind: "text"; text: string };
    body: string;
    nonce: string;
    content: string;
    body_digest: string;
  };
  padded_length: Record<string, number>;
}
interface Pin {
  type: string;
  payload: Record<string, unknown>;
  timestamp: number;
}

const pins = await readVectors<Pins>("lacre/pins.json");

describeWithVectors("the pinned bytes", () => {
  const K = counting(32);

  it("of wire 1", () => {
    const { secret_utf8, signed, signature, ...fields } = pins.wire1;
    const message = new MessageProtocol(fields).sign(SigningKey.from(secret_utf8));
    expect(message.signature).toBe(signature);
    expect(toHex(message.toBytes())).toContain(signed.slice(2));
  });

  it("of wire 2", () => {
    const { key_id, id, frame, ...fields } = pins.wire2;
    const uuid = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    const message = new MessageProtocol({ ...fields, id: uuid, wire: 2 });
    expect(toHex(message.sign(SigningKey.from(K, { id: key_id })).toBytes())).toBe(frame);
    expect(MessageProtocol.fromBytes(hex(frame)).payload).toEqual(fields.payload);
  });

  it("of key derivation", () => {
    for (const { salt, info_utf8, info, out } of Object.values(pins.hkdf)) {
      const bytes = info === undefined ? new TextEncoder().encode(info_utf8) : hex(info);
      expect(toHex(hkdfSha256(K, { salt: hex(salt), info: bytes, length: 32 }))).toBe(out);
    }
    const probe = new MessageProtocol({ type: "t", payload: {}, timestamp: 1 });
    for (const [name, label] of [
      ["client", "client"],
      ["server", "server"],
      ["connection_client", "client"],
    ] as const) {
      const { salt, out } = pins.hkdf[name]!;
      const derived = SigningKey.derive(K, label, salt === "" ? {} : { salt: hex(salt) });
      expect(probe.sign(derived).verify(SigningKey.from(hex(out)))).toBe(true);
    }
    const sessionId = hex(pins.hkdf.session_key!.info!).subarray(-16);
    expect(toHex(deriveSessionKey(K, sessionId))).toBe(pins.hkdf.session_key!.out);
  });

  it("of the chat key and its check", async () => {
    const { passphrase_utf8, salt, iterations, key, key_check } = pins.chat_key;
    const options = { salt: hex(salt), iterations, extractable: true };
    const chatKey = await deriveUnchecked(passphrase_utf8, options);
    expect(toHex(chatKey.export())).toBe(key);
    expect(toHex(chatKey.check)).toBe(key_check);
  });

  it("of an encrypted message", async () => {
    const { aad, body, nonce, content, content_utf8_json, body_digest, ...header } =
      pins.chat_message;
    expect(toHex(encodeContent(content_utf8_json))).toBe(body);
    expect(decodeContent(hex(body))).toEqual(content_utf8_json);

    const aead = await aesGcm(hex(pins.chat_key.key));
    const sealed = await aead.encrypt(
      hex(nonce),
      pad({ isCompressed: false, body: hex(body) }),
      hex(aad),
    );
    expect(toHex(sealed)).toBe(content);

    const chatKey = await deriveUnchecked(pins.chat_key.passphrase_utf8, {
      salt: hex(pins.chat_key.salt),
    });
    const message = { ...header, nonce: hex(nonce), content: hex(content) };
    expect(await decryptMessage(chatKey, message)).toEqual(content_utf8_json);

    expect(toHex(sha256(hex(aad + nonce + content)))).toBe(body_digest);
  });

  it("of padded lengths", () => {
    for (const [length, padded] of Object.entries(pins.padded_length)) {
      expect(paddedLength(Number(length))).toBe(padded);
    }
  });
});
