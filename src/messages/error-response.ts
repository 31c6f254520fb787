import * as z from "zod/mini";
import { protocolMessage } from "./define-message.js";
import { map, text, timestamp } from "./fields.js";

/** An error (type `error`; docs/PROTOCOL.md, section 7): a stable code, a message for people, and details for programs. */
export const ErrorResponse = /* @__PURE__ */ protocolMessage(
  "error",
  /* @__PURE__ */ z.object({
    error_code: text(1, 64),
    error_message: text(0, 1000),
    details: z.optional(map()),
    timestamp: timestamp(),
  }),
  { nil: ["details"] },
);
/** A parsed ErrorResponse. */
export type ErrorResponse = z.output<typeof ErrorResponse.schema>;
