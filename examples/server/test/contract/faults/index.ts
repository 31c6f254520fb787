import { chatFaults } from "./chats.js";
import { deviceFaults } from "./devices.js";
import type { Fault } from "./fault.js";
import { frameFaults } from "./frames.js";
import { fundamentalFaults } from "./fundamental.js";
import { historyFaults } from "./history.js";
import { messageOrderFaults } from "./message-order.js";
import { messageFaults } from "./messages.js";
import { mlsChatFaults } from "./mls-chats.js";
import { sessionFaults } from "./sessions.js";

export type { Fault } from "./fault.js";

/** All faults. The contract suite must report each of them, and nothing else. */
export const faults: readonly Fault[] = [
  ...fundamentalFaults,
  ...frameFaults,
  ...messageFaults,
  ...messageOrderFaults,
  ...sessionFaults,
  ...chatFaults,
  ...deviceFaults,
  ...mlsChatFaults,
  ...historyFaults,
];
