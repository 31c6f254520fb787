import * as z from "zod/mini";
import { protocolMessage } from "./define-message.js";
import { id } from "./fields.js";

/**
 * An event about a user's device log (type `devices`; docs/PROTOCOL.md, section 7): it has grown to `last_seq` entries. It is a
 * hint to request the log, and proves nothing.
 */
export const DevicesEvent = /* @__PURE__ */ protocolMessage(
  "devices",
  /* @__PURE__ */ z.object({ user_id: id(), last_seq: id() }),
);
/** A parsed DevicesEvent. */
export type DevicesEvent = z.output<typeof DevicesEvent.schema>;
