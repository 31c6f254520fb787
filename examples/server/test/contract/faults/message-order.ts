import { randomUUID } from "node:crypto";
import { Peer } from "../../../../../dist/server/peer.js";
import type { Fault } from "./fault.js";

const unordered = "refuses a message for a time if it did not get the one before it";

/** Client ids of messages that the server rejected, for the fault that takes them for stored ones. */
const rejected = new Set<unknown>();

/** Faults of messages that are sent without waiting for the answers. */
export const messageOrderFaults: readonly Fault[] = [
  {
    name: "stores messages in any order",
    methods: [[Peer.prototype, "checkOrder", () => () => {}]],
    failingCases: [unordered, "refuses a message for a time after one that it finally rejected"],
  },
  {
    name: "takes a rejected message for one that others may follow",
    methods: [
      [
        Peer.prototype,
        "checkOrder",
        (check) =>
          function (this: Peer, chat_id: number, follows: string | undefined) {
            if (!rejected.has(follows)) check.call(this, chat_id, follows);
          },
      ],
    ],
    functions: {
      handleRequest: (handleRequest) => async (message, context) => {
        try {
          await handleRequest(message, context);
        } catch (error) {
          rejected.add(message.payload.client_id);
          throw error;
        }
      },
    },
    failingCases: ["refuses a message for a time after one that it finally rejected"],
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
    notRun: ["acknowledges a message over HTTP, and delivers it to the other member"],
  },
];
