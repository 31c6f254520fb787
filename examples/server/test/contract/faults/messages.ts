import { randomUUID } from "node:crypto";
import { StatusEvent } from "lacre";
import { Peer } from "../../../../../dist/server/peer.js";
import { AppendQueries, type RowToAppend } from "../../../src/database/append-queries.js";
import { ChatQueries } from "../../../src/database/chat-queries.js";
import { isAccepted } from "../../../src/database/contacts.js";
import { HttpError } from "../../../src/errors.js";
import { Hub } from "../../../src/websocket/hub.js";
import { TypingLimit } from "../../../src/websocket/typing-limit.js";
import { acknowledgingEarly } from "./early-acks.js";
import type { Fault, Replace } from "./fault.js";
import { reading, readingChats } from "./reading.js";

/** Handles a status with a store that knows no receipt, and takes each for a new one. */
const repeatingReceipts: Replace = (handleRequest) => (message, context) => {
  const { options } = context;
  const { store } = options;
  const forgetful = {
    async findChat(...given: unknown[]) {
      const chat = await store.findChat(...given);
      return chat && { ...chat, receipts: [] };
    },
    async addReceipt(receipt: unknown) {
      await store.addReceipt(receipt);
      return true;
    },
  };
  const onStatus = options.onStatus.bind(options);
  const changed = { ...context, options: { store: forgetful, onStatus } };
  return handleRequest(message, message.type === "status" ? changed : context);
};

/** Client ids that were sent again, for the fault that ignores client ids. */
const repeated = new Set<unknown>();

/** Faults of sending, listing and acknowledging messages, and of receipts. */
export const messageFaults: readonly Fault[] = [
  {
    name: "acknowledges a message before it stores it",
    isSequential: true,
    functions: acknowledgingEarly(),
    failingCases: ["returns a message immediately after its ack"],
    notRun: ["accepts a request when the other member answers"],
  },
  {
    name: "ignores client ids",
    methods: [
      reading(({ chats, facts }, messages) => ({
        chats,
        facts: facts.map((fact, index) => {
          const { chat_id, client_id } = messages[index]!;
          const chat = chats.get(chat_id);
          const isOpen = chat?.suite === null && isAccepted(chat);
          if (fact.sent === undefined || !isOpen) return fact;
          repeated.add(client_id);
          return { ...fact, sent: undefined };
        }),
      })),
      [
        AppendQueries.prototype,
        "add",
        (add) =>
          function (this: AppendQueries, rows: RowToAppend[]) {
            const asNew = (row: RowToAppend) =>
              repeated.has(row.client_id) ? { ...row, client_id: randomUUID() } : row;
            return add.call(this, rows.map(asNew));
          },
      ],
    ],
    failingCases: ["acknowledges a repeated client id as before, and stores the message once"],
    notRun: [
      "stores one message for two simultaneous frames with the same client id",
      "rejects a used client id with another body",
      "rejects a used client id with another body over HTTP",
      "recognises a repeated message on another connection and another wire",
      "acknowledges a repeated message over HTTP as before, as over a WebSocket",
      "assigns no seq to a rejected message",
    ],
  },
  {
    name: "leaves gaps in the seqs",
    methods: [readingChats((chat) => ({ ...chat, last_seq: chat.last_seq + 1 }))],
    // The server recognises a chat request that already has a message by the chat's seq.
    failingCases: [
      "assigns seqs from 1 without gaps while both members send",
      "accepts one message in a request, which may be repeated",
    ],
    notRun: [
      "assigns no seq to a rejected message",
      "lets only the other member accept a request",
      "accepts a request when the other member answers",
      "counts seqs per chat",
    ],
  },
  {
    name: "replaces sender_id",
    functions: {
      // The library rejects the message before the server receives it, unless the user's id is that of the message.
      handleRequest: (handleRequest) => (message, context) =>
        handleRequest(message, {
          ...context,
          ...(message.type === "message" && { user_id: message.payload.sender_id }),
        }),
      acceptMessage: (acceptMessage) => (message, userId, services) =>
        acceptMessage({ ...message, sender_id: userId }, userId, services),
    },
    failingCases: ["rejects a message in another user's name"],
    notRun: [
      "assigns no seq to a rejected message",
      "rejects a message in another user's name, or for a chat other than the path's, over HTTP",
    ],
  },
  {
    name: "rejects messages without client_id",
    functions: {
      acceptMessage:
        (acceptMessage) =>
        (message, ...given) => {
          if (message.client_id !== undefined) return acceptMessage(message, ...given);
          throw new HttpError(422, "ERR_VALIDATION", "a message must have a client_id");
        },
    },
    failingCases: ["delivers a message without a client id, and does not acknowledge it"],
    notRun: ["stores a JSON message without a client id at each request, and answers without one"],
  },
  {
    name: "rounds the timestamps of messages",
    functions: {
      acceptMessage:
        (acceptMessage) =>
        async (...given) => {
          const accepted = await acceptMessage(...given);
          const timestamp = Math.floor(accepted.message.timestamp);
          return { ...accepted, message: { ...accepted.message, timestamp } };
        },
    },
    failingCases: ["delivers a message unchanged to the other member on either wire"],
    notRun: ["acknowledges a message over HTTP, and delivers it to the other member"],
  },
  {
    name: "lists the messages of a chat for non-members",
    ...leakingChats(),
    failingCases: ["rejects a resume of a non-member, or of an unknown chat"],
    notRun: [
      "names the chat of a rejected resume",
      "answers a non-member over HTTP as if the chat did not exist",
    ],
  },
  {
    name: "accepts receipts past the last seq",
    functions: {
      statusErrorCode:
        (statusErrorCode) =>
        (...given) => {
          const errorCode = statusErrorCode(...given);
          return errorCode === "ERR_SEQ_AHEAD" ? undefined : errorCode;
        },
    },
    failingCases: ["rejects a receipt past the chat's last seq, and sends it to no one"],
  },
  {
    name: "accepts receipts in another user's name",
    functions: {
      statusErrorCode:
        (statusErrorCode) =>
        (status, { user_id: _, ...known }) =>
          statusErrorCode(status, { ...known, user_id: status.user_id }),
    },
    failingCases: ["rejects a receipt in another user's name"],
  },
  {
    name: "sends receipts that are not past the stored one",
    functions: { handleRequest: repeatingReceipts },
    failingCases: ["stores and sends no receipt that is not past the stored one"],
  },
  {
    name: "does not send receipts to the sender's other connections",
    methods: [
      [
        Hub.prototype,
        "broadcastStatus",
        (broadcastStatus) =>
          function (this: Hub, chat, status, from) {
            const isReceipt = status.event_type === "read" || status.event_type === "delivered";
            // This sends it to the other member only.
            if (isReceipt) this.broadcastTyping(chat, status);
            else broadcastStatus.call(this, chat, status, from);
          },
      ],
    ],
    failingCases: ["sends receipts to the other connections of their sender too"],
  },
  {
    name: "does not limit typing",
    methods: [
      [TypingLimit.prototype, "isDue", () => () => true],
      [TypingLimit.prototype, "note", () => () => true],
      [
        Peer.prototype,
        "sendStatus",
        (sendStatus) =>
          function (this: Peer, status) {
            if (status.event_type === "typing") this.send(StatusEvent, status);
            else sendStatus.call(this, status);
          },
      ],
    ],
    failingCases: ["sends typing to the other member only, at most once a second"],
  },
  {
    name: "sends typing to both members",
    methods: [
      [
        Hub.prototype,
        "broadcastTyping",
        () =>
          function (this: Hub, chat, status) {
            this.broadcastStatus(chat, status);
          },
      ],
    ],
    failingCases: ["sends typing to the other member only, at most once a second"],
  },
  {
    name: "answers a resume without after, through and has_more",
    functions: {
      answerResume:
        (answerResume) =>
        (...given) => ({ messages: answerResume(...given).messages, has_more: false }),
    },
    failingCases: ["names the range that the answer to a resume covers, up to the chat's last seq"],
    notRun: [
      "returns a list as a frame on request",
      "answers a resume at the end with an empty list and has_more false",
      "answers a resume past the end with the chat's last seq",
      "stops at the limit, with has_more true and through at the last seq",
      "stops before the answer exceeds a frame, with has_more true",
      "pages through messages forward and backward from a seq",
      "returns each message once over consecutive pages",
    ],
  },
];

/** Replaces functions so that each user can list a chat as its first member can. */
function leakingChats(): Pick<Fault, "functions" | "methods"> {
  const memberOf = new Map<number, number>();
  const asMember: Replace = (list) => (store, userId: number, question: { chat_id: number }) =>
    list(store, memberOf.get(question.chat_id) ?? userId, question);
  const remember: Replace = (createChat) =>
    async function (this: ChatQueries, ...given) {
      const chat = await createChat.apply(this, given);
      if (chat !== undefined) memberOf.set(chat.id, chat.created_by);
      return chat;
    };
  return {
    functions: { readMessages: asMember, pageMessages: asMember },
    methods: [[ChatQueries.prototype, "create", remember]],
  };
}
