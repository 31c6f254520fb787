import { afterAll, beforeAll, expect, it } from "vitest";
import {
  AuthResponse,
  ChatMessage,
  ErrorResponse,
  MessageListResponse,
  MessageProtocol,
  SigningKey,
  StatusEvent,
  ValidationError,
} from "../../src/index.js";
import { counting, hex, toHex } from "../support/hex.js";
import { describeWithPython, float, Peer } from "./peer.js";
import { cases, samples } from "./samples.js";

const SECRET = "clave secreta ñ 🔑";
const KEY = SigningKey.from(SECRET);
const NOW = 1_700_000_000;

type Made = { frame: string };
type Checked = { verified: boolean; type: string; payload: Record<string, unknown> };

describeWithPython("the messages of section 7 between the library and Python", () => {
  let peer: Peer;
  beforeAll(() => {
    peer = new Peer();
  });
  afterAll(() => peer.stop());

  /** Returns a frame with exactly this payload, signed by Python. */
  const make = async (type: string, payload: unknown) => {
    const args = { secret: SECRET, type, payload, timestamp: float(NOW) };
    return hex((await peer.call<Made>("make", args)).frame);
  };
  /** Returns a frame with the payload that section 7 specifies for these fields, built and signed by Python. */
  const makeMessage = async (type: string, fields: unknown) => {
    const args = { secret: SECRET, type, fields, timestamp: NOW };
    return hex((await peer.call<Made>("make_message", args)).frame);
  };
  const check = (frame: Uint8Array) =>
    peer.call<Checked>("check", { secret: SECRET, frame: toHex(frame) });
  const open = (frame: Uint8Array) => MessageProtocol.open(frame, { key: KEY, now: NOW });

  it.each(cases)(
    "%s with %s is encoded equally by both on wire 1",
    async (type, _, definition, fields) => {
      const frame = definition.toProtocol(fields, KEY, { timestamp: NOW }).toBytes();
      expect(toHex(frame)).toBe(toHex(await makeMessage(type, fields)));
    },
  );

  it.each(cases)("%s with %s is verified by Python", async (type, _, definition, fields) => {
    const message = definition.toProtocol(fields, KEY, { timestamp: NOW });
    const { verified, ...checked } = await check(message.toBytes());
    expect(verified).toBe(true);
    expect(checked).toMatchObject({ type, timestamp: NOW });
    expect(checked.payload).toEqual(message.payload);
  });

  it.each(cases)(
    "%s with %s is parsed from a Python frame",
    async (type, _, definition, fields) => {
      expect(definition.fromProtocol(open(await makeMessage(type, fields)))).toEqual(fields);
    },
  );

  it.each(cases)(
    "%s with %s is encoded equally by both on wire 2",
    async (type, _, definition, fields) => {
      const key = SigningKey.from(counting(32), { id: "k1" });
      const message = definition.toProtocol(fields, key, { wire: 2, timestamp: NOW });
      const id = hex(message.id!.replaceAll("-", ""));
      const args = { key: counting(32), key_id: "k1", id, timestamp: NOW, type, fields };
      const { frame } = await peer.call<Made>("wire2_make_message", args);
      expect(toHex(message.toBytes())).toBe(frame);
      const opened = MessageProtocol.open(hex(frame), { key, now: NOW });
      expect(definition.fromProtocol(opened)).toEqual(fields);
    },
  );

  it.each(samples.map(([definition, fields]) => [definition.type, definition, fields] as const))(
    "%s may have nil in every optional field, and unknown fields",
    async (type, definition, { bare, optional }) => {
      const absent = Object.keys(optional).filter((name) => !(name in bare));
      const nils = Object.fromEntries(absent.map((name) => [name, null]));
      const frame = await makeMessage(type, bare);
      const { payload } = await check(frame);
      const padded = { ...payload, ...nils, field_of_tomorrow: { any: [1] } };
      expect(definition.fromProtocol(open(await make(type, padded)))).toEqual(bare);
    },
  );

  it.each(samples.map(([definition, fields]) => [definition.type, definition, fields] as const))(
    "%s may have its fields in any order",
    async (type, definition, { bare, optional }) => {
      const fields = { ...bare, ...optional };
      const { payload } = await check(await makeMessage(type, fields));
      const reversed = Object.fromEntries(Object.entries(payload).reverse());
      expect(definition.fromProtocol(open(await make(type, reversed)))).toEqual(fields);
    },
  );

  it("writes nil for absent fields of version 1 only", async () => {
    const absent = async (type: string) => {
      const [definition, { bare }] = samples.find(([{ type: name }]) => name === type)!;
      const frame = definition.toProtocol(bare, KEY, { timestamp: NOW }).toBytes();
      const { payload } = await check(frame);
      return Object.keys(payload).filter((name) => payload[name] === null);
    };
    expect(await absent("auth")).toEqual(["device_id"]);
    expect(await absent("auth_response")).toEqual([
      "access_token",
      "refresh_token",
      "user_id",
      "username",
      "expires_in",
      "error",
    ]);
    expect(await absent("message")).toEqual(["message_id"]);
    expect(await absent("status")).toEqual(["chat_id"]);
    expect(await absent("error")).toEqual(["details"]);
    expect(await absent("message_list")).toEqual([]);
    expect(await absent("hello")).toEqual([]);
  });

  it("sets an absent timestamp of a payload to the frame's", async () => {
    const fields = { event_type: "typing", user_id: 7 } as const;
    const frame = StatusEvent.toProtocol(fields, KEY, { timestamp: NOW }).toBytes();
    const { payload } = await check(frame);
    expect(payload).toEqual({ ...fields, chat_id: null, timestamp: NOW });
  });

  it("reads auth_response with the type auth, as version 1 servers send it", async () => {
    const fields = { success: true, user_id: 7, session_key: counting(32) };
    const { payload } = await check(await makeMessage("auth_response", fields));
    expect(AuthResponse.fromProtocol(open(await make("auth", payload)))).toEqual(fields);
  });

  it.each([
    ["without its padding", "AAE"],
    ["with trailing bits that are not zero", "AAF="],
    ["with white space", "AAE=\n"],
    ["with too much padding", "AAEC===="],
    ["of the alphabet for URLs", "__--"],
  ])("rejects base64 that is not canonical: %s", async (_, content) => {
    const [, { bare }] = samples.find(([{ type }]) => type === "message")!;
    const { payload } = await check(await makeMessage("message", bare));
    const frame = await make("message", { ...payload, content });
    expect(() => ChatMessage.fromProtocol(open(frame))).toThrow(ValidationError);
    const key = counting(32);
    await expect(peer.call("decrypt", { key, payload: { ...payload, content } })).rejects.toThrow(
      /base64|Invalid|padding|alphabet|data/,
    );
  });

  it("accepts an integer as a payload's timestamp", async () => {
    const payload = { event_type: "typing", user_id: 7, chat_id: null, timestamp: NOW };
    const frame = await make("status", payload);
    expect(StatusEvent.fromProtocol(open(frame)).timestamp).toBe(NOW);
  });

  it("accepts a float without a fraction as an integer", async () => {
    const payload = { event_type: "typing", user_id: float(7), chat_id: null, timestamp: NOW };
    expect(StatusEvent.fromProtocol(open(await make("status", payload))).user_id).toBe(7);
  });

  it("does not change details that are nested, or contain nil, floats or timestamps", async () => {
    const details = { at: { timestamp: NOW }, list: [null, 1.5, -3, ["ñ"]], empty: {}, nil: null };
    const fields = { error_code: "e", error_message: "m", details, timestamp: NOW };
    const frame = ErrorResponse.toProtocol(fields, KEY, { timestamp: NOW }).toBytes();
    expect(toHex(frame)).toBe(toHex(await makeMessage("error", fields)));
    expect(await check(frame)).toMatchObject({ verified: true, payload: { details } });
  });

  it("writes no nil in the messages of a message_list", async () => {
    const message = { chat_id: 1, sender_id: 2, content: counting(3), nonce: counting(12) };
    const fields = { messages: [{ ...message, timestamp: NOW }], has_more: false };
    const frame = MessageListResponse.toProtocol(fields, KEY, { timestamp: NOW }).toBytes();
    expect(toHex(frame)).toBe(toHex(await makeMessage("message_list", fields)));
  });
});
