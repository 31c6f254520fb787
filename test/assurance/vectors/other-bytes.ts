import { aesGcm } from "#native";
import { ChatKey } from "../../../src/e2e/index.js";
import type {
  InvalidBytes,
  InvalidKeptCheck,
  ValidBytes,
  ValidKeptCheck,
  Vectors,
} from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";
import { errors, joined, rejection } from "./notation.js";

const KEY = counting(32);
const NONCE = counting(12);
const aead = await aesGcm(KEY);
const utf8 = (text: string) => new TextEncoder().encode(text);

async function encrypted(bytes: Uint8Array, aad: Uint8Array) {
  const content = await aead.encrypt(NONCE, bytes, aad);
  return { key: toHex(KEY), aad: toHex(aad), nonce: toHex(NONCE), content: toHex(content) };
}

async function valid(name: string, bytes: Uint8Array, aad: string): Promise<ValidBytes> {
  const fields = await encrypted(bytes, utf8(aad));
  return { name, requirement: "E-12", ...fields, bytes: toHex(bytes) };
}

const FILE = await encrypted(counting(40), utf8("photo.jpg"));
const noBytes = (name: string, changes: Partial<typeof FILE>, error: InvalidBytes["error"]) => ({
  ...rejection("E-12", name, error),
  ...{ ...FILE, ...changes },
});

/** Bytes other than messages. */
export const bytes: Vectors<ValidBytes, InvalidBytes> = {
  valid: [
    await valid("a file with its name as aad", counting(40), "photo.jpg"),
    await valid("no bytes, with no aad", joined([]), ""),
    await valid("an aad that only begins like a reserved one", counting(4), "lacre"),
  ],
  invalid: [
    noBytes("another aad", { aad: toHex(utf8("photo.png")) }, errors.decrypt),
    noBytes("no aad", { aad: "" }, errors.decrypt),
    noBytes("a tag that is cut short", { content: FILE.content.slice(0, -2) }, errors.decrypt),
    noBytes(
      "an aad that is reserved",
      await encrypted(counting(4), utf8("lacre/file")),
      errors.validation,
    ),
    noBytes(
      "an aad that is nothing but the reserved beginning",
      await encrypted(counting(4), utf8("lacre/")),
      errors.validation,
    ),
  ],
};

const { check } = await ChatKey.from(KEY);
const KEPT_AAD = utf8("lacre/e2e/kept-check");

async function kept(of: Uint8Array, aad: Uint8Array = KEPT_AAD): Promise<string> {
  return toHex(joined(NONCE, await aead.encrypt(NONCE, of, aad)));
}

async function noCheck(name: string, encrypted_check: string): Promise<InvalidKeptCheck> {
  return { ...rejection("E-13", name, errors.passphrase), key: toHex(KEY), encrypted_check };
}

const KEPT = await kept(check);

/** Checks that are stored with a key whose bytes cannot be read. */
export const kept_checks: Vectors<ValidKeptCheck, InvalidKeptCheck> = {
  valid: [
    {
      ...{ name: "a check and its key", requirement: "E-13", key: toHex(KEY) },
      ...{ encrypted_check: KEPT, key_check: toHex(check) },
    },
  ],
  invalid: [
    await noCheck(
      "a check with a bit changed",
      `${KEPT.slice(0, -1)}${KEPT.endsWith("0") ? 1 : 0}`,
    ),
    await noCheck("a check under the aad of other bytes", await kept(check, joined([]))),
    await noCheck("a check under another nonce", `ff${KEPT.slice(2)}`),
  ],
};
