import { ChatQueries } from "../../../src/database/chat-queries.js";
import { isBlocked } from "../../../src/database/contacts.js";
import type { Chat } from "../../../src/database/members.js";
import { Hub } from "../../../src/websocket/hub.js";
import type { Fault } from "./fault.js";

/** Faults of requests, contacts and the settings of chats. */
export const chatFaults: readonly Fault[] = [
  {
    name: "accepts every message of a request",
    functions: {
      sendRejection: (sendRejection) => (chat: Chat, sender_id: number) => {
        const rejection = sendRejection(chat, sender_id);
        const isOfRequest = rejection?.code === "ERR_NOT_ACCEPTED" && !isBlocked(chat, sender_id);
        return isOfRequest ? undefined : rejection;
      },
    },
    failingCases: ["accepts one message in a request, which may be repeated"],
  },
  {
    name: "treats a block as an accept",
    methods: [
      [
        ChatQueries.prototype,
        "setContact",
        (setContact) =>
          function (this: ChatQueries, chat, change) {
            return setContact.call(this, chat, { ...change, action: "accept" });
          },
      ],
    ],
    failingCases: ["rejects messages of a blocked user"],
    notRun: ["does not let a user be added by a user whom the user has blocked"],
  },
  {
    name: "accepts a second set of key parameters",
    methods: [
      [
        ChatQueries.prototype,
        "setParameters",
        (original) =>
          async function (this: ChatQueries, ...given) {
            await original.apply(this, given);
            return true;
          },
      ],
    ],
    failingCases: ["rejects a second set of key parameters"],
  },
  {
    name: "restarts an answered chat",
    methods: [
      [
        ChatQueries.prototype,
        "restart",
        (original) =>
          async function (this: ChatQueries, ...given) {
            await original.apply(this, given);
            return true;
          },
      ],
    ],
    failingCases: ["rejects starting an answered chat over"],
  },
  {
    name: "does not send chat_changed",
    methods: [
      [
        Hub.prototype,
        "broadcastStatus",
        (original) =>
          function (this: Hub, chat, status, from) {
            if (status.event_type !== "chat_changed") original.call(this, chat, status, from);
          },
      ],
    ],
    failingCases: ["sends chat_changed to members that announced the capability only"],
  },
  {
    name: "treats a setting with the same value as a change",
    methods: [
      [
        ChatQueries.prototype,
        "setAutoDelete",
        (original) =>
          async function (this: ChatQueries, id, setting) {
            await original.call(this, id, { ...setting, hours: null });
            return original.call(this, id, setting);
          },
      ],
    ],
    failingCases: [
      "names the member who changed auto_delete_hours, and the last message before the change",
    ],
  },
];
