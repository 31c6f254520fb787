import { createHmac } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DecodeError, LacreError, MessageProtocol, SigningKey } from "../../src/index.js";
import { counting, hex, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";
import * as arbitrary from "./arbitraries.js";
import { workedExamples } from "./examples.js";
import { describeWithPython, Peer } from "./peer.js";

const SECRET = counting(32);
const KEY = SigningKey.from(SECRET, { id: "k1" });
const NOW = 1_700_000_000;
const ID = "018bcfe5-6800-7abc-8def-0123456789ab";
const FIELDS = { key: SECRET, key_id: "k1", id: uuidBytes(ID), timestamp: NOW, type: "test" };

type Made = { frame: string };
type Checked = {
  verified: boolean;
  key_id: string;
  id: Uint8Array;
  timestamp: number;
  type: string;
  payload: unknown;
};

describeWithPython("wire 2 between the library and Python", () => {
  let peer: Peer;
  beforeAll(() => {
    peer = new Peer();
  });
  afterAll(() => peer.stop());

  const make = (args: object) => peer.call<Made>("wire2_make", { ...FIELDS, ...args });
  const check = (frame: Uint8Array, key = SECRET) =>
    peer.call<Checked>("wire2_check", { key, frame: toHex(frame) });
  const open = (frame: string, now = NOW) => MessageProtocol.open(hex(frame), { key: KEY, now });
  const signed = (payload: Record<string, unknown>, fields: object = {}) =>
    new MessageProtocol({ type: "test", payload, timestamp: NOW, wire: 2, id: ID, ...fields })
      .sign(KEY)
      .toBytes();

  it("is encoded by both as in the worked example", async () => {
    const example = workedExamples()["wire2.frame"];
    expect((await make({ payload: { data: "hello" } })).frame).toBe(example);
    expect(toHex(signed({ data: "hello" }))).toBe(example);
  });

  it("is verified by Python for random frames of the library", async () => {
    const { payload, timestamp } = arbitrary;
    const property = fc.asyncProperty(payload, timestamp, async (payload, timestamp) => {
      const checked = await check(signed(payload, { timestamp }));
      expect(checked).toMatchObject({ verified: true, key_id: "k1", timestamp, type: "test" });
      expect(checked.id).toEqual(uuidBytes(ID));
      expect(checked.payload).toEqual(payload);
    });
    await fc.assert(property, { numRuns: runs(200) });
  });

  it("is opened by the library for random frames of Python", async () => {
    const { pythonPayload, timestamp } = arbitrary;
    const property = fc.asyncProperty(pythonPayload, timestamp, async (payload, timestamp) => {
      const { frame } = await make({ payload, timestamp });
      const opened = open(frame, timestamp);
      expect(opened.payload).toEqual((await check(hex(frame))).payload);
      expect(opened).toMatchObject({ type: "test", timestamp, keyId: "k1", id: ID });
    });
    await fc.assert(property, { numRuns: runs(200) });
  });

  it.each([
    ["bytes", { empty: counting(0), short: counting(255), long: new Uint8Array(70_000).fill(9) }],
    ["a payload of 255 bytes", { data: "a".repeat(247) }],
    ["a payload of 256 bytes", { data: "a".repeat(248) }],
    ["an empty payload", {}],
  ])("is encoded equally by both: %s", async (_, payload) => {
    const { frame } = await make({ payload });
    expect(toHex(signed(payload))).toBe(frame);
    expect(open(frame).payload).toEqual(payload);
    expect((await check(hex(frame))).payload).toEqual(payload);
  });

  it.each([
    ["", "t"],
    ["ñ".repeat(16), "🔑".repeat(8)],
    ["k".repeat(31), "t".repeat(31)],
    ["k".repeat(64), "t".repeat(64)],
  ])("is encoded equally by both with the key id %o and the type %o", async (id, type) => {
    const key = SigningKey.from(SECRET, { id });
    const { frame } = await make({ payload: {}, type, key_id: id });
    const fields = { type, payload: {}, timestamp: NOW, wire: 2, id: ID } as const;
    expect(toHex(new MessageProtocol(fields).sign(key).toBytes())).toBe(frame);
    expect(MessageProtocol.open(hex(frame), { key, now: NOW }).keyId).toBe(id);
  });

  it("is rejected by both with any changed byte", async () => {
    const frame = signed({ data: "hola", bytes: counting(3) });
    for (let at = 0; at < frame.length; at++) {
      const flipped = frame.with(at, frame[at]! ^ 1);
      const verified = await check(flipped).then(
        (checked) => checked.verified,
        () => false,
      );
      expect(verified, `Python, byte ${at}`).toBe(false);
      expect(() => open(toHex(flipped)), `the library, byte ${at}`).toThrow(LacreError);
    }
  });

  it.each([
    ["a longer head of the array", "dc000702 a26b31 c410ID cb41d954fc40000000 a474657374 c40180"],
    ["a longer form of the version", "97cc02 a26b31 c410ID cb41d954fc40000000 a474657374 c40180"],
    ["another version", "9703 a26b31 c410ID cb41d954fc40000000 a474657374 c40180"],
    ["a longer head of the key id", "9702 d9026b31 c410ID cb41d954fc40000000 a474657374 c40180"],
    ["a longer head of the id", "9702 a26b31 c50010ID cb41d954fc40000000 a474657374 c40180"],
    ["an integer timestamp", "9702 a26b31 c410ID ce6553f100 a474657374 c40180"],
    ["a float32 timestamp", "9702 a26b31 c410ID ca4eca a7e2 a474657374 c40180"],
    ["a longer head of the type", "9702 a26b31 c410ID cb41d954fc40000000 d90474657374 c40180"],
    ["a longer head of the payload", "9702 a26b31 c410ID cb41d954fc40000000 a474657374 c5000180"],
    ["a payload that is not bin", "9702 a26b31 c410ID cb41d954fc40000000 a474657374 80"],
  ])("is rejected by both in another encoding with a valid mac: %s", async (_, form) => {
    const canonical = "9702 a26b31 c410ID cb41d954fc40000000 a474657374 c40180";
    expect(open(toHex(withMac(canonical))).payload).toEqual({});
    expect((await check(withMac(canonical))).verified).toBe(true);

    const frame = withMac(form);
    const inPython = await check(frame).then(
      (checked) => checked.verified,
      () => false,
    );
    expect(inPython).toBe(false);
    expect(() => open(toHex(frame))).toThrow(DecodeError);
  });

  it("is rejected by the library with a payload that is not a map, or that section 2 rejects", async () => {
    for (const payload of [[1], "text", null, { constructor: 1 }, { timestamp: Infinity }]) {
      const { frame } = await make({ payload });
      expect(() => open(frame)).toThrow(DecodeError);
    }
  });

  it("is rejected by both with another key, and by the library with another key id", async () => {
    expect((await check(signed({}), counting(31))).verified).toBe(false);
    const { frame } = await make({ payload: {}, key: counting(31) });
    expect(() => open(frame)).toThrow(LacreError);
    const renamed = await make({ payload: {}, key_id: "k2" });
    expect(() => open(renamed.frame)).toThrow(LacreError);
  });
});

/** Returns the frame of these covered bytes, in which ID stands for the example's id. */
function withMac(form: string): Uint8Array {
  const covered = hex(form.replace("ID", toHex(uuidBytes(ID))));
  const mac = createHmac("sha256", SECRET).update(covered).digest("hex");
  return hex(`${toHex(covered)}c420${mac}`);
}

function uuidBytes(uuid: string): Uint8Array {
  return hex(uuid.replaceAll("-", ""));
}
