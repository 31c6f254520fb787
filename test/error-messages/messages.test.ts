import { describe } from "vitest";
import { createRegistry, defineMessage, MessageProtocol } from "../../src/index.js";
import { messageDigest } from "../../src/server/index.js";
import { everyMessage } from "../support/examples.js";
import { create, itHasMessages, key, wire1With } from "./fixture.js";

describe("with an invalid message, the error is", () => {
  itHasMessages([
    [
      "message: type: must be well-formed text of 1 to 64 UTF-8 bytes",
      "ERR_VALIDATION",
      () => create({ type: "" }),
    ],
    [
      "argument: timestamp: must be a Unix time in seconds, not milliseconds",
      "ERR_VALIDATION",
      () => create({ timestamp: Number.NaN }),
    ],
    ["message: wire: must be 1 or 2", "ERR_VALIDATION", () => create({ wire: 3 })],
    ["message: id: only wire 2 has an id", "ERR_VALIDATION", () => create({ id: "x" })],
    [
      "message: id: must be a UUID in lower case",
      "ERR_VALIDATION",
      () => create({ id: "x", wire: 2 }),
    ],
    [
      "message: payload: the frame would have more than 9 bytes",
      "ERR_VALIDATION",
      () => create({ maxFrameBytes: 9 }),
    ],
    ["payload: must be a plain object", "ERR_VALIDATION", () => create({ payload: [] })],
    [
      "payload: a.0: must not have a lone surrogate",
      "ERR_VALIDATION",
      () => create({ payload: { a: ["\ud800"] } }),
    ],
    [
      "payload: a: must be nil, a boolean, number, text, bytes, array or plain object",
      "ERR_VALIDATION",
      () => create({ payload: { a: new Date() } }),
    ],
    [
      "payload: constructor: is a forbidden key",
      "ERR_VALIDATION",
      () => create({ payload: { constructor: 1 } }),
    ],
    [
      "payload: timestamp: must be finite",
      "ERR_VALIDATION",
      () => create({ payload: { timestamp: Number.NaN } }),
    ],
    [
      "sign needs a MessageProtocol and a SigningKey",
      "ERR_KEY",
      () => create({}).sign({} as never),
    ],
    [
      "sign: timestamp: is missing, so that the frame cannot be signed",
      "ERR_VALIDATION",
      () => MessageProtocol.fromBytes(wire1With(["type", "payload"])).sign(key),
    ],
    [
      "a wire 2 message must be signed first: sign(key).toBytes()",
      "ERR_UNSIGNED",
      () => create({ wire: 2 }).toBytes({ unsigned: true }),
    ],
    [
      "the message is unsigned: sign(key).toBytes(), or toBytes({ unsigned: true }) to allow it",
      "ERR_UNSIGNED",
      () => create({}).toBytes(),
    ],
    [
      "ack: type: is the type of another message",
      "ERR_VALIDATION",
      () => everyMessage.ack!.definition.fromProtocol(create({})),
    ],
    [
      "registry: ack: has two definitions",
      "ERR_VALIDATION",
      () => createRegistry([everyMessage.ack!.definition, everyMessage.ack!.definition] as never),
    ],
    [
      "registry: unknown: is reserved for types without a definition",
      "ERR_VALIDATION",
      () => createRegistry([defineMessage("unknown", everyMessage.ack!.definition.schema)]),
    ],
    [
      "message: a field that the digest covers is invalid",
      "ERR_VALIDATION",
      () => messageDigest({} as never),
    ],
  ]);
});
