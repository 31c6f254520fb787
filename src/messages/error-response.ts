import * as z from "zod/mini";
import { defineMessage } from "./define-message.js";
import { text, timestamp } from "./fields.js";

/** Why something was not done (type `error`): a stable code, a text for people, and what else a program may use. */
export const ErrorResponse = /* @__PURE__ */ defineMessage(
  "error",
  /* @__PURE__ */ z.object({
    error_code: text(1, 64),
    error_message: text(0, 1000),
    details: z.optional(z.record(z.string(), z.unknown())),
    timestamp: timestamp(),
  }),
  { nil: ["details"] },
);
/** What a parsed ErrorResponse holds. */
export type ErrorResponse = z.output<typeof ErrorResponse.schema>;
