import { encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { hmacSha256 } from "#native";
import {
  DecodeError,
  KeyError,
  MessageProtocol,
  SigningKey,
  ValidationError,
  VerifyError,
} from "../../src/index.js";
import { frameWith, invalidFields } from "../../src/testing/invalid-fields.js";
import { invalidPayloads } from "../../src/testing/invalid-payloads.js";
import { rawFloat64, rawText, rawWire1 } from "../../src/testing/raw.js";
import { hex, toHex } from "../support/hex.js";

const key = SigningKey.from("secret");
const TYPE = "a474797065 a474657374";
const PAYLOAD = "a77061796c6f6164 81 a464617461 a568656c6c6f";
const TIME = "a974696d657374616d70 cb41d954fc40000000";
const tag = toHex(
  hmacSha256(new TextEncoder().encode("secret"))(hex(`83 ${TYPE} ${PAYLOAD} ${TIME}`)),
);
const SIGNATURE = `a97369676e6174757265 d940 ${toHex(new TextEncoder().encode(tag))}`;
const signatureOf = (text: string) =>
  `a97369676e6174757265 d9 ${text.length.toString(16).padStart(2, "0")} ${toHex(new TextEncoder().encode(text))}`;
const frame = (...entries: string[]) => hex(`8${entries.length} ${entries.join(" ")}`);
const verifies = (bytes: Uint8Array) => MessageProtocol.fromBytes(bytes).verify(key);
const rejected = (bytes: Uint8Array) =>
  expect(() => MessageProtocol.fromBytes(bytes)).toThrow(DecodeError);

describe("a wire 1 frame", () => {
  it("verifies the bytes as received", () => {
    expect(verifies(frame(TYPE, PAYLOAD, TIME, SIGNATURE))).toBe(true);
  });

  it("verifies with its keys in any order", () => {
    const entries = [TYPE, PAYLOAD, TIME, SIGNATURE];
    const orders = entries
      .flatMap((a) =>
        entries.flatMap((b) => entries.flatMap((c) => entries.map((d) => [a, b, c, d]))),
      )
      .filter((order) => new Set(order).size === 4);
    expect(orders).toHaveLength(24);
    for (const order of orders) {
      const bytes = frame(...order);
      const message = MessageProtocol.fromBytes(bytes);
      expect(message.verify(key)).toBe(true);
      expect(message.payload).toEqual({ data: "hello" });
      expect(message.toBytes()).toEqual(bytes);
      const again = message.sign(key);
      expect(again.toBytes()).toEqual(frame(TYPE, PAYLOAD, TIME, SIGNATURE));
      expect(again.payload).toEqual({ data: "hello" });
      expect(again.verify(key)).toBe(true);
    }
  });

  it("may have an integer timestamp, which the signature covers unchanged", () => {
    const integerTime = "a974696d657374616d70 ce6553f100";
    const covered = hex(`83 ${TYPE} ${PAYLOAD} ${integerTime}`);
    const mac = toHex(hmacSha256(new TextEncoder().encode("secret"))(covered));
    const message = MessageProtocol.fromBytes(frame(TYPE, PAYLOAD, integerTime, signatureOf(mac)));
    expect(message.timestamp).toBe(1_700_000_000);
    expect(message.verify(key)).toBe(true);
    expect(verifies(frame(TYPE, PAYLOAD, integerTime, SIGNATURE))).toBe(false);
    expect(toHex(message.sign(SigningKey.from("other")).toBytes())).toContain("ce6553f100");
  });

  it.each([
    ["00", 0],
    ["7f", 127],
    ["e0", -32],
    ["ff", -1],
    ["cc80", 128],
    ["cd0100", 256],
    ["ce00010000", 65_536],
    ["cf0000000100000000", 2 ** 32],
    ["d0df", -33],
    ["d1ff7f", -129],
    ["d2ffff7fff", -32_769],
    ["d3ffffffff7fffffff", -(2 ** 31) - 1],
    ["cb3ff8000000000000", 1.5],
  ])("accepts the timestamp %s", (bytes, timestamp) => {
    const time = `a974696d657374616d70 ${bytes}`;
    expect(MessageProtocol.fromBytes(frame(TYPE, PAYLOAD, time)).timestamp).toBe(timestamp);
  });

  it("may have texts and maps with any head", () => {
    for (const test of ["a474657374", "d90474657374", "da000474657374", "db0000000474657374"])
      expect(MessageProtocol.fromBytes(frame(`a474797065 ${test}`, PAYLOAD)).type).toBe("test");
    const longest = `bf ${"78".repeat(31)}`;
    expect(MessageProtocol.fromBytes(frame(`a474797065 ${longest}`, PAYLOAD)).type).toHaveLength(
      31,
    );
    const entries = Array.from({ length: 15 }, (_, at) => `a1${(0x61 + at).toString(16)} c0`);
    for (const map of ["80", `8f ${entries.join("")}`, "de0000", "df00000000"]) {
      const message = MessageProtocol.fromBytes(frame(TYPE, `a77061796c6f6164 ${map}`));
      expect(Object.keys(message.payload)).toHaveLength(map.startsWith("8f") ? 15 : 0);
    }
    const unsigned = MessageProtocol.fromBytes(frame(TYPE, PAYLOAD, "a97369676e6174757265 a0"));
    expect(unsigned.signature).toBe("");
    expect(() => unsigned.toBytes()).toThrow(KeyError);
  });

  it("without a timestamp has the time of receipt, which is not written, and does not verify", () => {
    const bytes = frame(TYPE, PAYLOAD, SIGNATURE);
    const message = MessageProtocol.fromBytes(bytes, { now: 1234.5 });
    expect(message.timestamp).toBe(1234.5);
    expect(message.verify(key)).toBe(false);
    expect(message.toBytes()).toEqual(bytes);
    expect(() => message.sign(key)).toThrow(ValidationError);
    expect(() => MessageProtocol.open(bytes, { key })).toThrow(VerifyError);
    const twoEntries = hmacSha256(new TextEncoder().encode("secret"))(hex(`82 ${TYPE} ${PAYLOAD}`));
    expect(verifies(frame(TYPE, PAYLOAD, signatureOf(toHex(twoEntries))))).toBe(false);
  });

  it("without a signature has an empty one", () => {
    const message = MessageProtocol.fromBytes(frame(TYPE, PAYLOAD, TIME));
    expect(message.signature).toBe("");
    expect(message.verify(key)).toBe(false);
    expect(message.toBytes({ unsigned: true })).toEqual(frame(TYPE, PAYLOAD, TIME));
    expect(message).toMatchObject({ keyId: "", id: undefined });
    const fields = { type: "test", payload: { data: "hello" }, timestamp: 1_700_000_000 };
    expect(new MessageProtocol(fields).toBytes({ unsigned: true })).toEqual(
      frame(TYPE, PAYLOAD, TIME, "a97369676e6174757265 a0"),
    );
  });

  it.each([
    ["an empty signature", ""],
    ["a shorter signature", tag.slice(0, 62)],
    ["half of the signature", tag.slice(0, 32)],
    ["a longer signature", `${tag}00`],
    ["a signature in upper case", tag.toUpperCase()],
    ["a signature with white space", ` ${tag.slice(1)}`],
    ["a signature that is not hex", "g".repeat(64)],
    ["a signature of zeros", "0".repeat(64)],
  ])("does not verify with %s", (_, text) => {
    expect(verifies(frame(TYPE, PAYLOAD, TIME, signatureOf(text)))).toBe(false);
  });

  it("may have a type of 1 to 64 bytes", () => {
    const typed = (length: number) =>
      Uint8Array.of(0x82, ...hex("a474797065"), ...encode("x".repeat(length)), ...hex(PAYLOAD));
    expect(MessageProtocol.fromBytes(typed(1)).type).toBe("x");
    expect(MessageProtocol.fromBytes(typed(64)).type).toBe("x".repeat(64));
    rejected(typed(0));
    rejected(typed(65));
  });

  const fields = { type: rawText("test"), timestamp: rawFloat64(1_700_000_000) };

  it.each(invalidPayloads)("is rejected with a payload with $name", ({ payload, code }) => {
    expect(() => MessageProtocol.fromBytes(rawWire1(key, { ...fields, payload }))).toThrow(
      expect.objectContaining({ name: "DecodeError", code }),
    );
  });

  it.each(invalidFields[1])("is rejected with $name", (fault) =>
    rejected(frameWith(fault, 1, key, { ...fields, payload: Uint8Array.of(0x80) })),
  );

  it.each([
    ["no type", frame(PAYLOAD, TIME)],
    ["no payload", frame(TYPE, TIME)],
    ["a fifth key", hex(`85 ${TYPE} ${PAYLOAD} ${TIME} ${SIGNATURE} a161 01`)],
    ["another key", frame(TYPE, PAYLOAD, "a161 01")],
    ["a duplicate key", frame(TYPE, PAYLOAD, TYPE)],
    ["a signature of bytes", frame(TYPE, PAYLOAD, TIME, "a97369676e6174757265 c4 01 00")],
    ["a signature of nil", frame(TYPE, PAYLOAD, TIME, "a97369676e6174757265 c0")],
    ["a signature of a list", frame(TYPE, PAYLOAD, TIME, "a97369676e6174757265 90")],
    ["a signature of a long list", frame(TYPE, PAYLOAD, TIME, "a97369676e6174757265 dc0000")],
    [
      "a signature of a number",
      frame(TYPE, PAYLOAD, TIME, "a97369676e6174757265 d3 0000000000000000"),
    ],
    ["another head for its map", hex(`de0002 ${TYPE} ${PAYLOAD}`)],
  ])("is rejected with %s", (_, bytes) => rejected(bytes));
});
