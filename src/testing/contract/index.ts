import { accounts } from "./cases/accounts.js";
import { autoDelete } from "./cases/auto-delete.js";
import { chats } from "./cases/chats.js";
import { contacts } from "./cases/contacts.js";
import { devices } from "./cases/devices.js";
import { frames } from "./cases/frames.js";
import { handshake } from "./cases/handshake.js";
import { history } from "./cases/history.js";
import { httpMessages } from "./cases/http-messages.js";
import { membership } from "./cases/membership.js";
import { messageOrder } from "./cases/message-order.js";
import { messages } from "./cases/messages.js";
import { mlsChats } from "./cases/mls-chats.js";
import { receipts } from "./cases/receipts.js";
import { resumes } from "./cases/resume.js";
import type { ContractCase } from "./contract-case.js";

/**
 * The cases of the server contract (docs/PROTOCOL.md, sections 2 to 6, 11, 12 and 15), for any test runner. Each case registers
 * its own users, does not depend on other cases, and may run in parallel with them.
 *
 * ```ts
 * for (const { requirement, name, run } of contract) test(`${requirement}: ${name}`, () => run(target));
 * ```
 *
 * A server without the endpoints of section 12 is tested with `target.users` and the cases whose `part` is `websocket`.
 */
export const contract: readonly ContractCase[] = [
  ...accounts,
  ...chats,
  ...contacts,
  ...autoDelete,
  ...handshake,
  ...frames,
  ...messages,
  ...messageOrder,
  ...resumes,
  ...receipts,
  ...membership,
  ...httpMessages,
  ...devices,
  ...mlsChats,
  ...history,
];
