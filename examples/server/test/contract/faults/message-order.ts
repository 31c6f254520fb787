import { randomUUID } from "node:crypto";
import { Peer } from "../../../../../dist/server/peer.js";
import type { Fault } from "./fault.js";

const unordered = "refuses a message for a time if it did not get the one before it";

/** Messages that the server did not store, for the fault that does not answer them finally. */
const rejected = new Set<unknown>();

/** Faults of messages that are sent without waiting for the answers. */
export const messageOrderFaults: readonly Fault[] = [
  {
    name: "stores messages in any order",
    methods: [[Peer.prototype, "checkOrder", () => () => {}]],
    failingCases: [unordered],
  },
  {
    name: "refuses what follows a message that it rejected",
    functions: {
      handleRequest: (handleRequest) => async (message, context) => {
        rejected.add(message);
        await handleRequest(message, context);
        rejected.delete(message);
      },
    },
    methods: [
      [
        Peer.prototype,
        "noteFinal",
        (note) =>
          function (this: Peer, message) {
            if (!rejected.has(message)) note.call(this, message);
          },
      ],
    ],
    failingCases: ["stores a message after one that it finally rejected"],
  },
  {
    name: "passes on which message a message follows",
    functions: {
      acceptMessage:
        (acceptMessage) =>
        async (...given) => {
          const accepted = await acceptMessage(...given);
          return { ...accepted, message: { ...accepted.message, follows: randomUUID() } };
        },
    },
    failingCases: [
      "delivers a message without the name of the one before it",
      "delivers a message unchanged to the other member on either wire",
    ],
  },
];
