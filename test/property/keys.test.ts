import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatKey, decrypt, decryptMessage, encrypt, encryptMessage } from "../../src/e2e/index.js";
import { paddedLength } from "../../src/e2e/padding.js";
import { Keyring, MessageProtocol, SigningKey, VerifyError } from "../../src/index.js";
import { clientId, secret, text } from "../../src/testing/generators/index.js";
import { toHex } from "../support/hex.js";
import { PROPERTY_TIMEOUT, propertyRuns } from "../support/runs.js";

const NOW = 1_700_000_000;

describe("rotated keys", () => {
  it("open frames signed before, during and after the rotation, each with its key", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    const secrets = fc.uniqueArray(
      fc.uint8Array({ minLength: 8, maxLength: 40 }).filter((one) => one.some(Boolean)),
      {
        minLength: 2,
        maxLength: 8,
        // HMAC treats secrets as equal that differ only in zeros at the end.
        selector: (one) => toHex(one).replace(/(00)+$/, ""),
      },
    );
    fc.assert(
      fc.property(
        secrets,
        fc.nat(),
        fc.constantFrom(1 as const, 2 as const),
        fc.boolean(),
        (all, position, wire, named) => {
          const keys = all.map((one, at) => SigningKey.from(one, { id: named ? `k${at}` : "" }));
          const signer = keys[position % keys.length]!;
          const frame = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW, wire })
            .sign(signer)
            .toBytes();
          const opened = MessageProtocol.open(frame, { key: new Keyring(keys), now: NOW });
          expect(opened.key).toBe(signer);
          const others = keys.filter((key) => key !== signer);
          expect(() => MessageProtocol.open(frame, { key: new Keyring(others), now: NOW })).toThrow(
            VerifyError,
          );
        },
      ),
      { numRuns: propertyRuns },
    );
  });

  it("differ by label and salt, and are deterministic", {
    timeout: PROPERTY_TIMEOUT,
  }, () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
    const salt = fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined });
    const probe = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW });
    const signatureOf = (from: string | Uint8Array, label: string, salt?: Uint8Array) =>
      probe.sign(SigningKey.derive(from, label, salt && { salt })).signature;
    fc.assert(
      fc.property(secret(), label, label, salt, (from, one, other, salt) => {
        expect(signatureOf(from, one, salt)).toBe(signatureOf(from, one, salt));
        if (one !== other)
          expect(signatureOf(from, one, salt)).not.toBe(signatureOf(from, other, salt));
      }),
      { numRuns: propertyRuns },
    );
  });
});

describe("end to end", () => {
  const header = fc
    .record(
      {
        chat_id: fc.maxSafeNat(),
        sender_id: fc.maxSafeNat(),
        timestamp: fc.integer({ min: 0, max: 2 ** 43 }),
        client_id: clientId(),
      },
      { requiredKeys: ["chat_id", "sender_id", "timestamp"] },
    )
    .map(({ chat_id, sender_id, timestamp, ...rest }) => ({
      chat_id: chat_id || 1,
      sender_id: sender_id || 1,
      timestamp: timestamp / 1000,
      ...rest,
    }));

  it("a message decrypts with its own header only", {
    timeout: PROPERTY_TIMEOUT,
  }, async () => {
    const key = await ChatKey.from(new Uint8Array(32).fill(7));
    await fc.assert(
      fc.asyncProperty(header, header, text({ maxLength: 700 }), async (here, elsewhere, text) => {
        const content = { kind: "text", text } as const;
        const message = await encryptMessage(key, { ...here, content });
        expect(await decryptMessage(key, message)).toEqual(content);
        const { content: sealed, nonce } = message;
        const moved = decryptMessage(key, { ...elsewhere, content: sealed, nonce });
        const isSamePlace = JSON.stringify(here) === JSON.stringify(elsewhere);
        if (!isSamePlace) await expect(moved).rejects.toMatchObject({ code: "ERR_DECRYPT" });
      }),
      { numRuns: propertyRuns },
    );
  });

  it("a changed bit of content, nonce or aad is detected", {
    timeout: PROPERTY_TIMEOUT,
  }, async () => {
    const key = await ChatKey.from(new Uint8Array(32).fill(7));
    const bytes = fc.uint8Array({ maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.nat(), async (plaintext, tail, position) => {
        const aad = Uint8Array.of(1, ...tail);
        const { nonce, content } = await encrypt(key, plaintext, { aad });
        expect(toHex(await decrypt(key, { nonce, content }, { aad }))).toBe(toHex(plaintext));
        const parts = [nonce, content, aad].map((part) => part.slice());
        const part = parts[position % 3]!;
        const at = Math.floor(position / 3) % (8 * part.length);
        part[at >> 3]! ^= 1 << (at & 7);
        const [changedNonce, changedContent, changedAad] = parts as [
          Uint8Array,
          Uint8Array,
          Uint8Array,
        ];
        const changed = decrypt(
          key,
          { nonce: changedNonce, content: changedContent },
          { aad: changedAad },
        );
        await expect(changed).rejects.toMatchObject({ code: "ERR_DECRYPT" });
      }),
      { numRuns: propertyRuns },
    );
  });

  it("texts with the same padded length have equal ciphertext lengths, and padding adds at most 12 %", {
    timeout: PROPERTY_TIMEOUT,
  }, async () => {
    const key = await ChatKey.from(new Uint8Array(32).fill(7));
    const header = { chat_id: 1, sender_id: 2, timestamp: NOW };
    const length = fc.integer({ min: 0, max: 3000 });
    await fc.assert(
      fc.asyncProperty(length, length, async (one, other) => {
        const [first, second] = await Promise.all(
          [one, other].map(async (count) => {
            const content = { kind: "text", text: "x".repeat(count) } as const;
            return (await encryptMessage(key, { ...header, content })).content.length;
          }),
        );
        if (one < other) expect(first!).toBeLessThanOrEqual(second!);
        expect(first).toBeGreaterThanOrEqual(128 + 16);
      }),
      { numRuns: propertyRuns },
    );
    fc.assert(
      fc.property(fc.integer({ min: 128, max: 1_100_000 }), (length) => {
        const padded = paddedLength(length);
        expect(padded).toBeGreaterThanOrEqual(length);
        expect(padded).toBeLessThanOrEqual(length * 1.12);
        expect(paddedLength(padded), "all of a bucket have one length").toBe(padded);
      }),
      { numRuns: propertyRuns },
    );
  });
});
