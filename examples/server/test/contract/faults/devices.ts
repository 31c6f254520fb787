import { DeviceQueries } from "../../../src/database/device-queries.js";
import { KeyPackageQueries } from "../../../src/database/key-package-queries.js";
import { SessionQueries } from "../../../src/database/session-queries.js";
import { Hub } from "../../../src/websocket/hub.js";
import type { Fault, Replace } from "./fault.js";

/** Answers entries that the server rejects with a status as if it had stored them. */
const accepting =
  (status: number): Replace =>
  (addEntry) =>
  async (...given) => {
    try {
      return await addEntry(...given);
    } catch (error) {
      if (Reflect.get(error as object, "status") !== status) throw error;
      return { last_seq: 1, isNew: true, endedSessions: [] };
    }
  };

/** Faults of device logs, acceptances and key packages. */
export const deviceFaults: readonly Fault[] = [
  {
    name: "answers an entry that it has as a new one",
    functions: {
      addEntry:
        (addEntry) =>
        async (...given) => ({ ...(await addEntry(...given)), isNew: true }),
    },
    failingCases: ["stores an entry of a device log once, and answers a repeated one again"],
  },
  {
    name: "lists all entries of a device log",
    methods: [
      [
        DeviceQueries.prototype,
        "listEntries",
        (original) =>
          function (this: DeviceQueries, user_id, { limit }) {
            return original.call(this, user_id, { limit });
          },
      ],
    ],
    failingCases: ["lists the entries after a seq to every user"],
  },
  {
    name: "accepts a second entry with one seq",
    functions: { addEntry: accepting(409) },
    failingCases: ["rejects another entry with a seq that is taken"],
  },
  {
    name: "accepts entries that do not follow the device log",
    functions: { addEntry: accepting(422) },
    failingCases: ["rejects an entry that does not follow the device log"],
  },
  {
    name: "resets a device log without a password",
    functions: { isReset: () => () => false },
    failingCases: ["rejects a reset of a device log without the password of its user"],
  },
  {
    name: "lets other sessions go on after a reset",
    methods: [[SessionQueries.prototype, "revokeOthers", () => async () => []]],
    failingCases: [
      "resets a device log with the password of its user, and ends the user's other sessions",
    ],
  },
  {
    name: "leaves a session with the device that a reset replaced",
    methods: [[SessionQueries.prototype, "rebind", () => async () => {}]],
    failingCases: [
      "resets a device log with the password of its user, and ends the user's other sessions",
    ],
  },
  {
    name: "lets a session belong to several devices",
    methods: [
      [
        SessionQueries.prototype,
        "bind",
        (original) =>
          async function (this: SessionQueries, ...given) {
            await original.apply(this, given);
            return true;
          },
      ],
    ],
    failingCases: [
      "lets a session publish key packages of one device only",
      "lets a session write chunks of one device only",
    ],
  },
  {
    name: "does not end the sessions of a removed device",
    methods: [[SessionQueries.prototype, "revokeOfDevice", () => async () => []]],
    failingCases: [
      "ends the sessions of a device that is removed, and closes their connections with 4001",
    ],
  },
  {
    name: "forgets acceptances",
    methods: [[DeviceQueries.prototype, "keepAcceptance", () => async () => {}]],
    failingCases: ["returns an acceptance to sessions of the same user only"],
  },
  {
    name: "stores any number of key packages",
    methods: [
      [
        KeyPackageQueries.prototype,
        "count",
        (original) =>
          async function (this: KeyPackageQueries, ...given) {
            const counts: { count: number }[] = await original.apply(this, given);
            return counts.map((one) => ({ ...one, count: Math.min(one.count, 100) }));
          },
      ],
    ],
    failingCases: ["counts the key packages of a device, of which it stores at most 100"],
  },
  {
    name: "gives out a key package twice",
    methods: [[KeyPackageQueries.prototype, "claim", () => async () => {}]],
    failingCases: [
      "gives out each key package once, then that of last resort, to members of a chat",
    ],
  },
  {
    name: "does not send devices",
    methods: [[Hub.prototype, "devicesChanged", () => async () => {}]],
    failingCases: [
      "sends devices to members of the user's chats that announced the capability only",
    ],
  },
];
