import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { aesGcm } from "#native";
import { expandSha256, hkdfSha256 } from "../../src/crypto/hkdf.js";
import { encodeContent } from "../../src/e2e/content.js";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import { decryptMessage } from "../../src/e2e/index.js";
import { pad } from "../../src/e2e/padding.js";
import { deriveSessionKey, MessageProtocol, SigningKey } from "../../src/index.js";
import { mlsMessageAad } from "../../src/messages/chat-message-aad.js";
import { deviceId } from "../../src/mls/device-id.js";
import { messageDigest } from "../../src/server/index.js";
import { counting, hex, toHex, utf8 } from "../support/hex.js";
import { begun, headOf, testKey } from "../support/log-entries.js";

const text = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
const blocks = new Map(
  [...text.matchAll(/^```hex (\S+)\n(.*?)^```$/gms)].map(([, name, block]) => [name!, hex(block!)]),
);
const block = (name: string) => toHex(blocks.get(name)!);

const fields = { type: "test", payload: { data: "hello" }, timestamp: 1_700_000_000 };
const header = {
  chat_id: 42,
  sender_id: 7,
  timestamp: 1_700_000_000.123,
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
};
const K = counting(32);
/** Seed of the recovery key 0a 0a … 0a. */
const RECOVERY_SEED = toHex(
  expandSha256(new Uint8Array(32).fill(0x0a), "lacre/e2e/2/recovery-sign\0", 32),
);
describe("the worked examples of docs/PROTOCOL.md", () => {
  const recomputed = new Map<string, () => string | Promise<string>>([
    [
      "wire1.frame",
      () => toHex(new MessageProtocol(fields).sign(SigningKey.from("secret")).toBytes()),
    ],
    [
      "wire1.covered",
      () => `83${toHex(new MessageProtocol(fields).toBytes({ unsigned: true })).slice(2, -22)}`,
    ],
    [
      "wire2.frame",
      () => {
        const message = new MessageProtocol({
          ...fields,
          wire: 2,
          id: "018bcfe5-6800-7abc-8def-0123456789ab",
        });
        return toHex(message.sign(SigningKey.from(K, { id: "k1" })).toBytes());
      },
    ],
    ["hkdf.client", () => toHex(hkdfSha256(K, { info: utf8("lacre/client"), length: 32 }))],
    [
      "hkdf.connection_client",
      () => toHex(hkdfSha256(K, { salt: K, info: utf8("lacre/client"), length: 32 })),
    ],
    ...["http-client", "http-server"].map((label): [string, () => string] => [
      `hkdf.${label.replace("-", "_")}`,
      () => toHex(hkdfSha256(K, { info: utf8(`lacre/${label}`), length: 32 })),
    ]),
    ["hkdf.session_key", () => toHex(deriveSessionKey(K, hex("0192f5a07c007abc8def0123456789ab")))],
    ["chat_key.key", async () => toHex((await chatKey()).export())],
    ["chat_key.check", async () => toHex((await chatKey()).check)],
    [
      "chat_message.aad",
      () => {
        const numbers = [42, 7, 1_700_000_000_123].map((number) =>
          number.toString(16).padStart(16, "0"),
        );
        return `${toHex(utf8("lacre/e2e/1"))}${numbers.join("")}018bcfe5687b7abc8def0123456789ab`;
      },
    ],
    ["chat_message.body", () => toHex(encodeContent({ kind: "text", text: "hola" }))],
    [
      "chat_message.content",
      async () => {
        const aead = await aesGcm((await chatKey()).export());
        const plaintext = pad({ isCompressed: false, body: hex(block("chat_message.body")) });
        return toHex(await aead.encrypt(counting(12), plaintext, hex(block("chat_message.aad"))));
      },
    ],
  ]);
  recomputed.set("mls_message.aad", () =>
    toHex(
      mlsMessageAad({
        chat_id: 42,
        sender_id: 7,
        timestamp: 1_700_000_000.123,
        client_id: header.client_id,
      })!,
    ),
  );
  recomputed.set("session.body_digest", () =>
    toHex(
      messageDigest({
        ...header,
        nonce: counting(12),
        content: hex(block("chat_message.content")),
      }),
    ),
  );
  const entries = () => begun(testKey(0xa1), testKey(hex(RECOVERY_SEED)));
  recomputed.set("device.id", () => deviceId(testKey(0xa1).publicKey));
  recomputed.set("device_log.entry", () => toHex(entries()[0]!));
  recomputed.set("device_log.head", () => toHex(headOf(entries()[0]!)));
  const chatKey = () =>
    deriveUnchecked("café con leche", { salt: counting(16), extractable: true });

  it("are all recomputed", () => {
    expect([...blocks.keys()].sort()).toEqual([...recomputed.keys()].sort());
  });

  it.each([...recomputed])("%s", async (name, recompute) => {
    expect(block(name)).toBe(await recompute());
  });

  it("decrypt", async () => {
    const message = { ...header, nonce: counting(12), content: hex(block("chat_message.content")) };
    expect(await decryptMessage(await chatKey(), message)).toEqual({ kind: "text", text: "hola" });
  });
});

describe("docs/PROTOCOL.md", () => {
  it("numbers each requirement once", () => {
    const ids = [...text.matchAll(/^\*\*([A-Z]\d?-\d+)\*\*/gm)].map(([, id]) => id);
    expect(ids.length).toBeGreaterThan(35);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("names every error code, and no other", () => {
    const source = readFileSync(new URL("../../src/errors.ts", import.meta.url), "utf8");
    const codes = (from: string) => [...new Set(from.match(/\bERR_[A-Z_]+\b/g))].sort();
    expect(codes(text.slice(text.indexOf("## 9."), text.indexOf("## 10.")))).toEqual(codes(source));
  });

  it("has the close codes of the library", async () => {
    const { CLOSE, closeCode } = await import("../../src/session/index.js");
    const section = text.slice(
      text.indexOf("### Close codes"),
      text.indexOf("### A malicious server"),
    );
    const rows = [...section.matchAll(/^\| ([\d, ]+) \| .* \| (yes|no) \|$/gm)];
    const listed = rows.flatMap(([, codes, retry]) =>
      codes!.split(",").map((code) => [Number(code), retry === "yes"] as const),
    );
    expect(listed.length).toBeGreaterThan(12);
    for (const [code, retry] of listed)
      expect(closeCode(code), String(code)).toMatchObject({ retry });
    for (const code of Object.values(CLOSE)) expect(listed.map(([one]) => one)).toContain(code);
  });

  it("has correct examples of padded lengths", async () => {
    const { paddedLength } = await import("../../src/e2e/padding.js");
    const examples = [...text.matchAll(/P\(([\d,]+)\) = ([\d,]*\d)/g)];
    expect(examples).toHaveLength(6);
    for (const [, length, padded] of examples) {
      expect(paddedLength(Number(length!.replaceAll(",", "")))).toBe(
        Number(padded!.replaceAll(",", "")),
      );
    }
  });
});
