import { describe, expect, it } from "vitest";
import { hmacSha256 } from "#native";
import {
  DecodeError,
  KeyError,
  MessageProtocol,
  SigningKey,
  VerifyError,
} from "../../src/index.js";
import { frameWith, invalidFields } from "../../src/testing/invalid-fields.js";
import { invalidPayloads } from "../../src/testing/invalid-payloads.js";
import { rawFloat64, rawText, rawWire2 } from "../../src/testing/raw.js";
import { counting, hex, toHex } from "../support/hex.js";

const key = SigningKey.from(counting(32), { id: "k1" });
const mac = hmacSha256(counting(32));

const ID = "c410 018bcfe568007abc8def0123456789ab";
const TIME = "cb 41d954fc40000000";
const HEAD = "97 02 a26b31";

/** Returns a frame of these fields with a valid MAC. */
function signed(...fields: string[]): Uint8Array {
  const covered = hex(fields.join(" "));
  return Uint8Array.of(...covered, 0xc4, 0x20, ...mac(covered));
}
const payload = (map: string) => {
  const bytes = hex(map);
  return `c4 ${bytes.length.toString(16).padStart(2, "0")} ${map}`;
};
/** Returns a map of this many bytes, with one byte string as its value. */
const map = (length: number) => {
  const [head, size] = length < 256 + 5 ? ["c4", 2] : ["c5", 4];
  const bytes = length - 3 - 1 - size / 2;
  return `81 a161 ${head} ${bytes.toString(16).padStart(size, "0")} ${"00".repeat(bytes)}`;
};
const TYPE = "a474657374";
const PAYLOAD = payload("81 a464617461 a568656c6c6f");
const now = 1_700_000_000;
const open = (bytes: Uint8Array) => MessageProtocol.open(bytes, { key, now });
const rejected = (bytes: Uint8Array) => expect(() => open(bytes)).toThrow(DecodeError);

describe("a wire 2 frame", () => {
  it("opens in its only encoding, and encodes to the same bytes", () => {
    const bytes = signed(HEAD, ID, TIME, TYPE, PAYLOAD);
    const message = open(bytes);
    expect(message.payload).toEqual({ data: "hello" });
    expect(message.id).toBe("018bcfe5-6800-7abc-8def-0123456789ab");
    expect(message.keyId).toBe("k1");
    expect(message.toBytes()).toEqual(bytes);
    expect(toHex(message.identity)).toBe(message.signature);
  });

  it.each([
    ["an array head of three bytes", ["dc0007 02 a26b31", ID, TIME, TYPE, PAYLOAD]],
    ["a payload of 255 bytes with a longer head", [HEAD, ID, TIME, TYPE, `c500ff ${map(255)}`]],
    [
      "a payload of 65,535 bytes with a longer head",
      [HEAD, ID, TIME, TYPE, `c60000ffff ${map(65_535)}`],
    ],
    ["an empty payload", [HEAD, ID, TIME, TYPE, "c400"]],
    ["a payload with bytes after its end", [HEAD, ID, TIME, TYPE, payload("80c0")]],
  ])("is rejected with %s", (_, fields) => rejected(signed(...fields)));

  const fields = { type: rawText("test"), timestamp: rawFloat64(now) };

  it.each(invalidPayloads)("is rejected with a payload with $name", ({ payload, code }) => {
    expect(() => open(rawWire2(key, { ...fields, payload }))).toThrow(
      expect.objectContaining({ name: "DecodeError", code }),
    );
  });

  it.each(invalidFields[2])("is rejected with $name", (fault) =>
    rejected(frameWith(fault, 2, key, { ...fields, payload: Uint8Array.of(0x80) })),
  );

  it("may have a key id and a type of 64 bytes", () => {
    const id = "k".repeat(64);
    const long = SigningKey.from(counting(32), { id });
    const bytes = new MessageProtocol({ wire: 2, type: "t".repeat(64), payload: {} })
      .sign(long)
      .toBytes();
    expect(MessageProtocol.open(bytes, { key: long }).keyId).toBe(id);
    expect(() => SigningKey.from("secret", { id: `${id}k` })).toThrow(KeyError);
  });

  it("has a type with the longer head from 32 bytes on", () => {
    const text = (head: string, length: number) => `${head} ${"78".repeat(length)}`;
    const typed = (type: string) => signed(HEAD, ID, TIME, type, PAYLOAD);
    expect(open(typed(text("bf", 31))).type).toHaveLength(31);
    expect(open(typed(text("d920", 32))).type).toHaveLength(32);
    rejected(typed(text("d91f", 31)));
  });

  it("rejects a tag that is not 32 bytes", () => {
    const covered = hex([HEAD, ID, TIME, TYPE, PAYLOAD].join(" "));
    const tag = mac(covered);
    rejected(Uint8Array.of(...covered, 0xc4, 0x10, ...tag.subarray(0, 16)));
    rejected(Uint8Array.of(...covered, 0xc4, 0x00));
    rejected(Uint8Array.of(...covered, 0xc5, 0x00, 0x20, ...tag));
    expect(() =>
      open(Uint8Array.of(...covered, 0xc4, 0x20, ...tag.map((byte) => byte ^ 1))),
    ).toThrow(VerifyError);
  });

  it.each([255, 256, 65_535, 65_536, 700_000])(
    "carries a payload of about %i bytes with the shortest head",
    (length) => {
      const data = new Uint8Array(length - 6);
      const bytes = new MessageProtocol({ wire: 2, type: "t", payload: { data } })
        .sign(key)
        .toBytes();
      const opened = MessageProtocol.open(bytes, { key }).payload.data as Uint8Array;
      expect(opened).toBeInstanceOf(Uint8Array);
      // toEqual takes seconds for this many bytes.
      expect(toHex(opened)).toBe(toHex(data));
    },
  );

  it("tries only keys with the id in the frame", () => {
    const bytes = signed(HEAD, ID, TIME, TYPE, PAYLOAD);
    expect(
      MessageProtocol.fromBytes(bytes).verify(SigningKey.from(counting(32), { id: "k2" })),
    ).toBe(false);
    expect(MessageProtocol.fromBytes(bytes).verify(SigningKey.from(counting(32)))).toBe(false);
    const anonymous = signed("97 02 a0", ID, TIME, TYPE, PAYLOAD);
    expect(MessageProtocol.fromBytes(anonymous).verify(SigningKey.from(counting(32)))).toBe(true);
    expect(MessageProtocol.fromBytes(anonymous).verify(key)).toBe(false);
  });

  it("keeps its id, time and payload when it is signed again", () => {
    const original = open(signed(HEAD, ID, TIME, TYPE, payload("81 a161 cd0001")));
    const again = original.sign(SigningKey.from("another"));
    expect(again.id).toBe(original.id);
    expect(toHex(again.toBytes())).toContain("81a161cd0001");
    expect(again.verify(SigningKey.from("another"))).toBe(true);
  });

  it("cannot be encoded before it is signed", () => {
    const message = new MessageProtocol({ wire: 2, type: "t", payload: {} });
    expect(() => message.toBytes()).toThrow(KeyError);
    expect(() => message.toBytes({ unsigned: true })).toThrow(KeyError);
    expect(message.keyId).toBe("");
    expect(message.verify(key)).toBe(false);
    expect(message.verify(SigningKey.from("secret"))).toBe(false);
  });

  it("has the key id that it is signed with", () => {
    const message = new MessageProtocol({ wire: 2, type: "t", payload: { text: "hola" } }).sign(
      key,
    );
    expect(message.keyId).toBe("k1");
    expect(message.payload).toEqual({ text: "hola" });
  });
});
