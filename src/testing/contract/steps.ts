import type { ContractStep } from "./contract-error.js";

/** The steps before a case can test its requirement. */
export const STEPS = {
  register: {
    requirement: "H-2",
    name: "register a user",
    testedBy: "registers a user and logs them in",
  },
  logIn: { requirement: "H-2", name: "log a user in" },
  createChat: {
    requirement: "H-7",
    name: "create a chat",
    testedBy: "answers the creation of a chat with its entry",
  },
  accept: {
    requirement: "H-17",
    name: "accept the request for a chat",
    testedBy: "lets only the other member accept a request",
  },
  ticket: { requirement: "H-5", name: "request a ticket" },
  openWithTicket: {
    requirement: "H-5",
    name: "open a WebSocket with a ticket",
    testedBy: "opens one WebSocket with a ticket",
  },
  handshake: {
    requirement: "S-1",
    name: "complete the handshake",
    testedBy: "sends the welcome on wire 1, under the session's server key",
  },
  heartbeat: { requirement: "S-8", name: "receive the answer to a heartbeat" },
  send: {
    requirement: "S-19",
    name: "send a message and receive its ack",
    testedBy: "acknowledges a message on wire 1, and delivers it to the other member",
  },
  deliver: {
    requirement: "S-19",
    name: "deliver a message to the other member",
    testedBy: "acknowledges a message on wire 1, and delivers it to the other member",
  },
  read: {
    requirement: "S-11",
    name: "read a message after its ack",
    testedBy: "returns a message immediately after its ack",
  },
  resume: {
    requirement: "S-9",
    name: "request the messages of a chat",
    testedBy: "answers a resume from the beginning with all messages, to either member",
  },
  list: {
    requirement: "H-11",
    name: "list the messages of a chat",
    testedBy: "pages through messages forward and backward from a seq",
  },
  ownUser: { name: "create a user with users.create()" },
  ownChat: { name: "create a chat with users.createChat()" },
  openOwn: { name: "open a WebSocket with connect() of a user" },
} as const satisfies Readonly<Record<string, ContractStep>>;
