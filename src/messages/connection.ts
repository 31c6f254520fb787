import * as z from "zod/mini";
import { protocolMessage } from "./define-message.js";
import { bytes, count, duration, id, list, numbers, text, unixTime } from "./fields.js";

/** Maximum number of wires in a `hello`. */
const MAX_WIRES = 8;
/** Maximum number of capabilities in a `hello` or a `welcome`. */
const MAX_CAPABILITIES = 32;
/** Maximum number of limits in a `welcome`. */
const MAX_LIMITS = 32;

const capabilities = () => list(text(1, 64), MAX_CAPABILITIES);

/** A client's first frame on a connection (type `hello`): a random nonce of 16 bytes, and the wires that it supports. */
export const Hello = /* @__PURE__ */ protocolMessage(
  "hello",
  /* @__PURE__ */ z.object({
    nonce: bytes({ length: 16 }),
    wires: list(id(), MAX_WIRES).check(z.refine((wires) => wires.length > 0)),
    capabilities: capabilities(),
    device_id: z.optional(text(1, 100)),
  }),
);
/** A parsed Hello. */
export type Hello = z.output<typeof Hello.schema>;

/**
 * A server's answer to Hello (type `welcome`): both nonces, the wire to use, the server's limits, and the interval of
 * heartbeats in seconds. After close code 1012 or 1013, clients reconnect at a random time within `reconnect_within` seconds.
 */
export const Welcome = /* @__PURE__ */ protocolMessage(
  "welcome",
  /* @__PURE__ */ z.object({
    nonce: bytes({ length: 16 }),
    hello_nonce: bytes({ length: 16 }),
    wire: id(),
    capabilities: capabilities(),
    limits: numbers(MAX_LIMITS),
    heartbeat: duration(),
    reconnect_within: z.optional(duration()),
  }),
);
/** A parsed Welcome. */
export type Welcome = z.output<typeof Welcome.schema>;

/** A client's request for at most `limit` messages of a chat with a seq greater than `after` (type `resume`). */
export const Resume = /* @__PURE__ */ protocolMessage(
  "resume",
  /* @__PURE__ */ z.object({ chat_id: id(), after: count(), limit: id() }),
);
/** A parsed Resume. */
export type Resume = z.output<typeof Resume.schema>;

/**
 * A client's check of the connection, and the server's answer (type `heartbeat`). `sent_at` is Unix time in seconds by the
 * client's clock, and is the same in the answer. The answer has two counts of frames on the connection: `sent` is those
 * that the server sent before it, and `received` is those of the client that the server accepted, including the heartbeat.
 */
export const Heartbeat = /* @__PURE__ */ protocolMessage(
  "heartbeat",
  /* @__PURE__ */ z.object({
    sent_at: unixTime(),
    sent: z.optional(count()),
    received: z.optional(count()),
  }),
);
/** A parsed Heartbeat. */
export type Heartbeat = z.output<typeof Heartbeat.schema>;
