import { ChatMessage, MessageProtocol, type SigningKey } from "../../../src/index.js";
import { directionKeys } from "../../../src/server/index.js";
import { httpKeys } from "../../../src/session/index.js";
import type { InvalidHttpFrame, ValidHttpAnswer, Vectors } from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";
import { errors, rejection } from "./notation.js";

const SESSION_KEY = counting(32);
const NOW = 1_700_000_000;
const HEADER = counting(64).slice(32);
const ID = "018bcfe5-6800-7abc-8def-0123456789ab";
const { client, server } = httpKeys(SESSION_KEY);
const handshake = directionKeys(SESSION_KEY);

const MESSAGE = {
  chat_id: 42,
  sender_id: 7,
  content: counting(144),
  nonce: counting(12),
  timestamp: NOW,
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
};
const { client_id, chat_id } = MESSAGE;
const ACK = { client_id, chat_id, message_id: 9001, seq: 3, stored_at: NOW + 0.5 };

function request(wire: 1 | 2, key: SigningKey = client): MessageProtocol {
  const { type, payload } = ChatMessage.toProtocol(MESSAGE, undefined, { wire, timestamp: NOW });
  const id = wire === 2 ? { id: ID } : {};
  return new MessageProtocol({ type, payload, wire, timestamp: NOW, ...id }).sign(key);
}

function answer(
  type: string,
  value: object,
  wire: 1 | 2,
  key: SigningKey = server,
  timestamp = NOW,
): string {
  const id = wire === 2 ? { id: ID } : {};
  const message = new MessageProtocol({ type, payload: { ...value }, wire, timestamp, ...id });
  return toHex(message.sign(key).toBytes());
}

const tagBytes = (message: MessageProtocol) =>
  Uint8Array.from(Buffer.from(message.signature, "hex"));

function valid(name: string, wire: 1 | 2): ValidHttpAnswer {
  const sent = request(wire);
  const tag = sent.signature;
  return {
    name,
    requirement: "H-12",
    session_key: toHex(SESSION_KEY),
    request: toHex(sent.toBytes()),
    tag,
    answer: answer("ack", { ...ACK, request: tagBytes(sent) }, wire),
    wire,
    type: "ack",
  };
}

const list = { chats: [], total: 0, page: 1 };

function invalid(
  side: InvalidHttpFrame["side"],
  requirement: string,
  name: string,
  frame: string,
): InvalidHttpFrame {
  return {
    ...rejection(requirement, name, errors.verify),
    side,
    session_key: toHex(SESSION_KEY),
    tag: toHex(HEADER),
    frame,
  };
}

const rejectedRequest = (name: string, key: SigningKey) =>
  invalid("server", "H-10", name, toHex(request(2, key).toBytes()));
const rejectedAnswer = (name: string, value: object, key: SigningKey = server, wire: 1 | 2 = 2) =>
  invalid("client", "H-12", name, answer("chat_list", value, wire, key));

export const http: Vectors<ValidHttpAnswer, InvalidHttpFrame> = {
  valid: [
    valid("an acknowledgement on wire 1", 1),
    valid("an acknowledgement on wire 2", 2),
    {
      name: "a list, for a request without a frame",
      requirement: "H-12",
      session_key: toHex(SESSION_KEY),
      request: null,
      tag: toHex(HEADER),
      answer: answer("chat_list", { ...list, request: HEADER }, 2),
      wire: 2,
      type: "chat_list",
    },
  ],
  invalid: [
    rejectedRequest("a request under the handshake's key of the client", handshake.client),
    rejectedRequest("a request under the HTTP key of the server", server),
    rejectedAnswer(
      "an answer under the handshake's key of the server",
      { ...list, request: HEADER },
      handshake.server,
    ),
    rejectedAnswer(
      "an answer under the HTTP key of the client",
      { ...list, request: HEADER },
      client,
    ),
    rejectedAnswer("an answer to another request", { ...list, request: counting(32) }),
    rejectedAnswer(
      "an answer to another request, on wire 1",
      { ...list, request: counting(32) },
      server,
      1,
    ),
    rejectedAnswer("an answer that names no request", list),
    rejectedAnswer("an answer that names part of its request", {
      ...list,
      request: HEADER.slice(1),
    }),
  ],
};
