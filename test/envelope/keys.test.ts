import { describe, expect, it } from "vitest";
import {
  deriveSessionKey,
  KeyError,
  Keyring,
  MessageProtocol,
  SigningKey,
} from "../../src/index.js";
import { NOW, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";

const letter = (wire: 1 | 2 = 1) =>
  new MessageProtocol({ type: "letter", payload: { text: "hola" }, timestamp: NOW, wire });
const opens = (message: MessageProtocol, key: SigningKey | Keyring) =>
  MessageProtocol.open(message.toBytes(), { key, now: NOW });

describe("SigningKey", () => {
  it("is equal for a text and its UTF-8 bytes", () => {
    const secret = "clave ñ 🔑";
    const bytes = new TextEncoder().encode(secret);
    expect(letter().sign(SigningKey.from(secret)).verify(SigningKey.from(bytes))).toBe(true);
  });

  it("keeps U+FEFF in a secret", () => {
    expect(letter().sign(SigningKey.from("\ufeffsecret")).verify(SigningKey.from("secret"))).toBe(
      false,
    );
  });

  it("does not change with the bytes that it was created from", () => {
    const secret = counting(32);
    const key = SigningKey.from(secret);
    secret.fill(7);
    expect(
      letter()
        .sign(key)
        .verify(SigningKey.from(counting(32))),
    ).toBe(true);
  });

  it.each([
    ["empty text", ""],
    ["no bytes", new Uint8Array()],
    ["zeros", new Uint8Array(32)],
    ["zeros as text", "\0\0"],
    ["a lone surrogate", "secret\ud800"],
    ["a number", 42],
    ["undefined", undefined],
    ["an array", [1, 2]],
  ])("rejects a secret of %s", (_, secret) => {
    expect(() => SigningKey.from(secret as never)).toThrow(KeyError);
    expect(() => SigningKey.derive(secret as never, "client")).toThrow(KeyError);
  });

  it.each(["", "A", "a b", "a/b", "ñ", "x".repeat(33), 1, undefined])(
    "rejects the label %s",
    (label) => {
      expect(() => SigningKey.derive("secret", label as never)).toThrow(KeyError);
    },
  );

  it("accepts labels of 1 to 32 characters, a salt, and an id", () => {
    const key = SigningKey.derive("secret", "a-9".padEnd(32, "z"), { salt: counting(32), id: "ñ" });
    expect(key.id).toBe("ñ");
    expect(() => SigningKey.derive("secret", "a", { salt: "salt" as never })).toThrow(KeyError);
  });

  it.each(["", "x".repeat(64), "ñ".repeat(32)])("accepts the id %j", (id) => {
    expect(SigningKey.from("secret", { id }).id).toBe(id);
  });

  it.each(["x".repeat(65), "ñ".repeat(33), "\ud800", 7])("rejects the id %j", (id) => {
    expect(() => SigningKey.from("secret", { id: id as never })).toThrow(KeyError);
  });

  it("signs with increasing times, unless the clock was set back by more than a second", () => {
    const key = SigningKey.generate();
    expect(key.nextTimestamp(100)).toBe(100);
    expect(key.nextTimestamp(100)).toBe(100 + 1e-6);
    expect(key.nextTimestamp(101)).toBe(101);
    expect(key.nextTimestamp(100.5)).toBe(101 + 1e-6);
    expect(key.nextTimestamp(102)).toBe(102);
    expect(key.nextTimestamp(101)).toBe(102 + 1e-6);
    expect(key.nextTimestamp(101)).toBe(101);
  });

  it.each([0, 1_700_000_000, -1, 4_000_000_000, 100_000_000_000])(
    "signs at %d s with different times",
    (now) => {
      const key = SigningKey.generate();
      const times = Array.from({ length: 100 }, () => key.nextTimestamp(now));
      expect(new Set(times).size).toBe(100);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    },
  );

  it("differs by label, salt and secret", () => {
    const keys = [
      SigningKey.derive("secret", "client"),
      SigningKey.derive("secret", "server"),
      SigningKey.derive("secret", "client", { salt: counting(32) }),
      SigningKey.derive("another", "client"),
      SigningKey.from("secret"),
      SigningKey.generate(),
      SigningKey.generate(),
    ];
    for (const signer of keys) {
      const verifiers = keys.filter((key) => letter().sign(signer).verify(key));
      expect(verifiers).toEqual([signer]);
    }
  });
});

describe("Keyring", () => {
  const older = SigningKey.from("the older secret", { id: "2025" });
  const newer = SigningKey.from("the newer secret", { id: "2026" });
  const ring = new Keyring([newer, older]);

  it.each(wires)("opens frames of each key on wire %i, and names the key", (wire) => {
    expect(opens(letter(wire).sign(older), ring).key).toBe(older);
    expect(opens(letter(wire).sign(newer), ring).key).toBe(newer);
    expect(
      letter(wire)
        .sign(SigningKey.from("mallory's", { id: "2026" }))
        .verify(ring),
    ).toBe(false);
  });

  it("rejects frames of a removed key", () => {
    expect(
      letter()
        .sign(older)
        .verify(new Keyring([newer])),
    ).toBe(false);
  });

  it("tries only the key with the frame's id on wire 2", () => {
    const impostor = SigningKey.from("the older secret", { id: "2026" });
    expect(letter(2).sign(impostor).verify(ring)).toBe(false);
    expect(letter(1).sign(impostor).verify(ring)).toBe(true);
  });

  it("tries the keys without an id for a wire 2 frame without one", () => {
    const [first, second] = [SigningKey.from("first"), SigningKey.from("second")];
    const anonymous = new Keyring([first, second, older]);
    expect(opens(letter(2).sign(second), anonymous).key).toBe(second);
    expect(letter(2).sign(SigningKey.from("the older secret")).verify(anonymous)).toBe(false);
  });

  it("accepts 1 to 8 keys with different ids", () => {
    const keys = Array.from({ length: 9 }, (_, at) => SigningKey.from("secret", { id: `k${at}` }));
    expect(new Keyring(keys.slice(0, 8)).keys).toHaveLength(8);
    expect(() => new Keyring(keys)).toThrow(KeyError);
    expect(() => new Keyring([])).toThrow(KeyError);
    expect(() => new Keyring([newer, SigningKey.from("x", { id: "2026" })])).toThrow(KeyError);
    expect(() => new Keyring(["secret" as never])).toThrow(KeyError);
  });
});

describe("deriveSessionKey", () => {
  it("returns different keys for different sessions", () => {
    const server = counting(32);
    const first = deriveSessionKey(server, counting(16));
    expect(first).toHaveLength(32);
    expect(deriveSessionKey(server, counting(16))).toEqual(first);
    expect(deriveSessionKey(server, counting(16).reverse())).not.toEqual(first);
  });

  it("requires a secret of at least 32 bytes and a session id of 16", () => {
    expect(() => deriveSessionKey(counting(31), counting(16))).toThrow(KeyError);
    expect(() => deriveSessionKey(counting(32), counting(15))).toThrow(KeyError);
    expect(() => deriveSessionKey(counting(32), counting(17))).toThrow(KeyError);
    expect(() => deriveSessionKey(new Uint8Array(32), counting(16))).toThrow(KeyError);
    expect(() => deriveSessionKey(counting(32), "session" as never)).toThrow(KeyError);
  });
});
