import { Peer } from "../../../../../dist/server/peer.js";
import { UserQueries } from "../../../src/database/user-queries.js";
import { HttpError } from "../../../src/errors.js";
import { Sessions } from "../../../src/identity/sessions.js";
import { Hub } from "../../../src/websocket/hub.js";
import type { Fault, Replace } from "./fault.js";

const nothing: Replace = () => () => {};
const unavailable: Replace = () => async () => {
  throw new HttpError(503, "ERR_UNAVAILABLE", "try again later");
};

const failing = () => {
  throw new Error("not handled");
};

/** Returns a `send` that leaves out frames of a type. */
const withoutType =
  (type: string): Replace =>
  (send) =>
    function (this: Peer, definition, ...given) {
      if (definition.type !== type) send.call(this, definition, ...given);
    };

/** Faults that make most cases fail. The suite must name each once. */
export const fundamentalFaults: readonly Fault[] = [
  {
    name: "registers no users",
    methods: [[UserQueries.prototype, "create", unavailable]],
    isFundamental: true,
    failingCases: ["registers a user and logs them in"],
  },
  {
    name: "issues no tickets",
    methods: [[Sessions.prototype, "createTicket", unavailable]],
    isFundamental: true,
    failingCases: ["request a ticket"],
  },
  {
    name: "sends a welcome that cannot be read",
    functions: {
      acceptHello:
        (acceptHello) =>
        (...given) => ({ ...acceptHello(...given), frame: Uint8Array.of(0xc1) }),
    },
    isFundamental: true,
    failingCases: ["sends the welcome on wire 1, under the session's server key"],
  },
  {
    name: "answers no heartbeats",
    functions: { answerHeartbeat: () => failing },
    isFundamental: true,
    failingCases: ["receive the answer to a heartbeat"],
  },
  {
    name: "acknowledges no messages",
    methods: [[Peer.prototype, "send", withoutType("ack")]],
    isFundamental: true,
    failingCases: ["acknowledges a message on wire 1, and delivers it to the other member"],
  },
  {
    name: "delivers no messages",
    methods: [[Hub.prototype, "broadcastMessage", nothing]],
    isFundamental: true,
    failingCases: ["acknowledges a message on wire 1, and delivers it to the other member"],
  },
];
