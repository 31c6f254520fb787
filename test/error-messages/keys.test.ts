import { describe } from "vitest";
import { deriveSessionKey, Keyring, SigningKey } from "../../src/index.js";
import { directionKeys } from "../../src/server/index.js";
import { counting } from "../support/hex.js";
import { itHasMessages, key } from "./fixture.js";

describe("with an invalid key, the error is", () => {
  itHasMessages([
    ["the secret is empty or all zero", "ERR_KEY", () => SigningKey.from("")],
    ["the secret is empty or all zero", "ERR_KEY", () => SigningKey.from(new Uint8Array(32))],
    ["the secret must not have a lone surrogate", "ERR_KEY", () => SigningKey.from("\ud800")],
    ["a secret must be text or a Uint8Array", "ERR_KEY", () => SigningKey.from(7 as never)],
    [
      "a key id must be well-formed text of at most 64 UTF-8 bytes",
      "ERR_KEY",
      () => SigningKey.generate({ id: "k".repeat(65) }),
    ],
    [
      "a label must have 1 to 32 of the characters a-z, 0-9 and -",
      "ERR_KEY",
      () => SigningKey.derive("secret", "A"),
    ],
    [
      "a salt must be a Uint8Array",
      "ERR_KEY",
      () => SigningKey.derive("secret", "a", { salt: "salt" as never }),
    ],
    ["a keyring must have SigningKeys", "ERR_KEY", () => new Keyring(["secret" as never])],
    ["a keyring must have 1 to 8 keys", "ERR_KEY", () => new Keyring([])],
    ["two keys of the keyring have the same id", "ERR_KEY", () => new Keyring([key, key])],
    [
      "a server's secret must have at least 32 bytes",
      "ERR_KEY",
      () => deriveSessionKey(counting(31), counting(16)),
    ],
    [
      "a session's id must have 16 bytes",
      "ERR_KEY",
      () => deriveSessionKey(counting(32), counting(15)),
    ],
    ["a session key must have 32 bytes", "ERR_KEY", () => directionKeys(counting(31))],
  ]);
});
