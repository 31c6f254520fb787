import { describe, expect, it } from "vitest";
import {
  Ack,
  ChatMessage,
  MessageListResponse,
  MessageProtocol,
  ValidationError,
  VerifyError,
} from "../../src/index.js";
import { directionKeys, encodeHttpAnswer } from "../../src/server/index.js";
import { httpKeys, openHttpAnswer } from "../../src/session/index.js";
import { counting } from "../support/hex.js";

const SESSION_KEY = counting(32);
const NOW = 1_700_000_000;
const HEADER = counting(64).slice(32);
const { client, server: key } = httpKeys(SESSION_KEY);

const message = {
  chat_id: 42,
  sender_id: 7,
  content: counting(144),
  nonce: counting(12),
  timestamp: NOW,
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
};
const { client_id, chat_id } = message;
const ack = { client_id, chat_id, message_id: 9001, seq: 3, stored_at: NOW };
const request = (wire: 1 | 2) => ChatMessage.toProtocol(message, client, { wire });

describe("httpKeys", () => {
  it("derives keys that differ from all keys of a WebSocket", () => {
    const nonces = { hello: counting(16), welcome: counting(32).slice(16) };
    const handshake = directionKeys(SESSION_KEY);
    const connection = directionKeys(SESSION_KEY, nonces);
    const all = [client, key, ...[handshake, connection].flatMap((one) => Object.values(one))];
    for (const signer of all) {
      const signed = ChatMessage.toProtocol(message, signer);
      expect(all.filter((one) => signed.verify(one))).toEqual([signer]);
    }
  });

  it("rejects a session key of another length", () => {
    expect(() => httpKeys(counting(31))).toThrow("a session key must have 32 bytes");
  });
});

describe.each([1, 2] as const)("an answer in a frame on wire %i", (wire) => {
  it("opens with the request that it answers", () => {
    const sent = request(wire);
    const received = MessageProtocol.open(sent.toBytes(), { key: client });
    const answer = encodeHttpAnswer(Ack, ack, { key, request: received.identity, wire });
    const opened = openHttpAnswer(answer, { key, request: sent });
    expect(opened.wire).toBe(wire);
    expect(Ack.fromProtocol(opened)).toEqual(ack);
  });

  it("opens with the header Lacre-Request that it answers", () => {
    const list = { chat_id, messages: [message], has_more: false };
    const answer = encodeHttpAnswer(MessageListResponse, list, { key, request: HEADER, wire });
    const opened = openHttpAnswer(answer, { key, request: HEADER });
    expect(MessageListResponse.fromProtocol(opened)).toEqual(list);
  });

  it.each([
    ["another message", request(wire)],
    ["another header", counting(32)],
    ["no bytes", new Uint8Array()],
    ["an unsigned message", ChatMessage.toProtocol(message)],
  ])("does not open with %s", (_, other) => {
    const answer = encodeHttpAnswer(Ack, ack, { key, request: HEADER, wire });
    expect(() => openHttpAnswer(answer, { key, request: other })).toThrow(VerifyError);
  });

  it.each([undefined, null, {}, { signature: 5 }, "text"])("does not open with %o", (other) => {
    const answer = encodeHttpAnswer(Ack, ack, { key, request: HEADER, wire });
    const open = () => openHttpAnswer(answer, { key, request: other as never });
    expect(open).toThrow(VerifyError);
  });

  it("has another signature each time that it is encoded (W1-4)", () => {
    const make = () => encodeHttpAnswer(Ack, ack, { key, request: HEADER, wire });
    const signatures = Array.from(
      { length: 100 },
      () => MessageProtocol.fromBytes(make()).signature,
    );
    expect(new Set(signatures).size).toBe(100);
  });

  it("does not open if it names no request", () => {
    const answer = Ack.toProtocol(ack, key, { wire }).toBytes();
    expect(() => openHttpAnswer(answer, { key, request: HEADER })).toThrow(VerifyError);
  });

  it("does not open under the keys of the handshake or of the other direction", () => {
    for (const other of [directionKeys(SESSION_KEY).server, client]) {
      const answer = encodeHttpAnswer(Ack, ack, { key: other, request: HEADER, wire });
      expect(() => openHttpAnswer(answer, { key, request: HEADER })).toThrow(VerifyError);
    }
  });
});

it.each([31, 33])("encodeHttpAnswer rejects a request of %i bytes", (length) => {
  const make = () => encodeHttpAnswer(Ack, ack, { key, request: counting(length) });
  expect(make).toThrow(ValidationError);
});
