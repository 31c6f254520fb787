import * as z from "zod/mini";
import { defineMessage } from "./define-message.js";
import { bytes, count, duration, id, text, unixTime } from "./fields.js";

const capabilities = () => z.array(text(1, 64));

/** What a client opens a connection with (type `hello`): a random nonce of 16 bytes, the wires that it speaks. */
export const Hello = /* @__PURE__ */ defineMessage(
  "hello",
  /* @__PURE__ */ z.object({
    nonce: bytes({ length: 16 }),
    wires: z.array(id()).check(z.minLength(1)),
    capabilities: capabilities(),
    device_id: z.optional(text(1, 100)),
  }),
);
/** What a parsed Hello holds. */
export type Hello = z.output<typeof Hello.schema>;

/** What a server answers (type `welcome`): both nonces, the wire to speak, its limits, and its heartbeat in seconds. */
export const Welcome = /* @__PURE__ */ defineMessage(
  "welcome",
  /* @__PURE__ */ z.object({
    nonce: bytes({ length: 16 }),
    hello_nonce: bytes({ length: 16 }),
    wire: id(),
    capabilities: capabilities(),
    limits: z.record(z.string(), z.number()),
    heartbeat: duration(),
  }),
);
/** What a parsed Welcome holds. */
export type Welcome = z.output<typeof Welcome.schema>;

/** A client's question for the messages of a chat past a seq (type `resume`), at most `limit` of them. */
export const Resume = /* @__PURE__ */ defineMessage(
  "resume",
  /* @__PURE__ */ z.object({ chat_id: id(), after: count(), limit: id() }),
);
/** What a parsed Resume holds. */
export type Resume = z.output<typeof Resume.schema>;

/** A sign of life (type `heartbeat`), answered with the same; `sent_at` is Unix time in seconds by the asker's clock. */
export const Heartbeat = /* @__PURE__ */ defineMessage(
  "heartbeat",
  /* @__PURE__ */ z.object({ sent_at: unixTime() }),
);
/** What a parsed Heartbeat holds. */
export type Heartbeat = z.output<typeof Heartbeat.schema>;
