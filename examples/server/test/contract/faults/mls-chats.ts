import { ChatOfMemberQueries } from "../../../src/database/chats-of-member.js";
import { CommitQueries } from "../../../src/database/commit-queries.js";
import { UserQueries } from "../../../src/database/user-queries.js";
import type { HttpError } from "../../../src/errors.js";
import type { CommitToStore } from "../../../src/messages/store-commit.js";
import { Connection } from "../../../src/websocket/connection.js";
import { Hub } from "../../../src/websocket/hub.js";
import type { Fault, Replace } from "./fault.js";
import { reading, readingChats } from "./reading.js";

/** Accepts messages that the server rejects with a code. */
const accepting =
  (code: string): Replace =>
  (mlsRejection) =>
  (...given) => {
    const rejection: HttpError | undefined = mlsRejection(...given);
    return rejection?.code === code ? undefined : rejection;
  };

/** Lists MLS chats to all clients. */
const includingMls: Replace = (original) =>
  function (this: ChatOfMemberQueries, user_id: number, options: object) {
    return original.call(this, user_id, { ...options, includesMls: true });
  };

/** The last invitations of each chat, for the fault that stores them again. */
const invited = new Map<number, unknown[]>();

/** Faults of MLS chats, commits and invitations. */
export const mlsChatFaults: readonly Fault[] = [
  {
    name: "gives the creator of an MLS chat the role of a member",
    functions: {
      toSummary: (toSummary) => (chat) => {
        const { members, ...summary } = toSummary(chat);
        return { ...summary, members: members?.map((one: object) => ({ ...one, role: "member" })) };
      },
    },
    failingCases: ["creates an MLS chat, of which only the creator is a member"],
  },
  {
    name: "creates an MLS chat without the users that do not exist",
    methods: [
      [
        UserQueries.prototype,
        "listByKeys",
        (original) =>
          async function (this: UserQueries, keys: readonly string[]) {
            const found = await original.call(this, keys);
            if (keys.length === 1) return found;
            return [...found, ...Array(keys.length - found.length).fill(found[0])];
          },
      ],
    ],
    failingCases: ["names the users that do not exist, and creates no MLS chat"],
  },
  {
    name: "lets a member block an MLS chat",
    functions: { assertPassphraseChat: () => () => {} },
    failingCases: ["rejects what is for passphrase chats in an MLS chat"],
  },
  {
    name: "lists MLS chats to clients that do not ask for them",
    methods: [
      [ChatOfMemberQueries.prototype, "list", includingMls],
      [ChatOfMemberQueries.prototype, "count", includingMls],
    ],
    failingCases: ["lists MLS chats, and counts them, only for clients that ask for them"],
  },
  {
    name: "sends messages of MLS chats to all connections",
    methods: [[Connection.prototype, "has", () => () => true]],
    failingCases: ["sends the messages of an MLS chat only to connections with the capability mls"],
  },
  {
    name: "acknowledges a commit with the wrong seq",
    functions: {
      storeCommit:
        (storeCommit) =>
        async (...given) => {
          const result = await storeCommit(...given);
          const { stored, isNew } = result;
          return isNew ? { ...result, stored: { ...stored, seq: stored.seq + 1 } } : result;
        },
    },
    failingCases: ["stores a commit, and makes the users that it adds members"],
  },
  {
    name: "answers a repeated commit as a new one",
    functions: {
      storeCommit:
        (storeCommit) =>
        async (...given) => ({ ...(await storeCommit(...given)), isNew: true }),
    },
    failingCases: ["answers a repeated commit again"],
  },
  {
    name: "accepts commits of any epoch",
    functions: { epochRejection: () => () => undefined },
    failingCases: ["rejects a commit of an epoch that another commit has ended"],
  },
  {
    name: "lets every member add users",
    methods: [
      readingChats((chat) => ({
        ...chat,
        members: chat.members.map((member) => ({ ...member, role: "admin" })),
      })),
    ],
    failingCases: ["lets only admins add members"],
  },
  {
    name: "does not read the MLSMessage of a commit",
    functions: { mlsMessage: () => (message) => message },
    failingCases: ["rejects a commit whose fields are not those of its MLSMessage"],
  },
  {
    name: "accepts commits of any device",
    methods: [
      reading(({ chats, facts }) => ({
        chats,
        facts: facts.map((fact) => ({ ...fact, isOwnDevice: true })),
      })),
    ],
    failingCases: ["rejects a commit of a device that is not in the sender's log"],
  },
  {
    name: "lets blocked users add those who blocked them",
    methods: [
      [CommitQueries.prototype, "listAddable", () => async (_: number, user_ids) => user_ids],
    ],
    failingCases: ["does not let a user be added by a user whom the user has blocked"],
  },
  {
    name: "sends commits to no connection",
    methods: [[Hub.prototype, "broadcastCommit", () => () => {}]],
    failingCases: ["sends a commit and chat_changed to the members before and after it"],
  },
  {
    name: "accepts messages of any past epoch",
    functions: { mlsRejection: accepting("ERR_EPOCH_STALE") },
    failingCases: ["accepts messages up to 3 epochs behind, and rejects older ones as stale"],
  },
  {
    name: "accepts messages of later epochs",
    functions: { mlsRejection: accepting("ERR_EPOCH_CONFLICT") },
    failingCases: ["rejects a message of a later epoch"],
  },
  {
    name: "stores a commit that is sent as a message",
    functions: { mlsRejection: accepting("ERR_VALIDATION") },
    failingCases: ["rejects a commit that is sent as a message"],
  },
  {
    name: "deletes no invitation that a device deletes",
    methods: [[CommitQueries.prototype, "deleteInvitation", () => async () => true]],
    failingCases: ["keeps the invitation of a device until the device deletes it"],
  },
  {
    name: "keeps the invitations of removed users",
    methods: [
      [
        CommitQueries.prototype,
        "invite",
        (original) =>
          function (this: CommitQueries, chat_id: number, ...given) {
            invited.set(chat_id, given);
            return original.call(this, chat_id, ...given);
          },
      ],
      [
        CommitQueries.prototype,
        "removeMembers",
        (original) =>
          async function (this: CommitQueries, chat_id: number, remove: CommitToStore["remove"]) {
            await original.call(this, chat_id, remove);
            if (remove.length > 0)
              await Reflect.apply(this.invite, this, [chat_id, ...invited.get(chat_id)!]);
          },
      ],
    ],
    failingCases: ["deletes the invitations of a user who is removed"],
  },
  {
    name: "answers with the epoch before that of the group info",
    methods: [
      [
        CommitQueries.prototype,
        "findGroupInfo",
        (original) =>
          async function (this: CommitQueries, chat_id: number) {
            const found = await original.call(this, chat_id);
            return found && { ...found, epoch: found.epoch - 1 };
          },
      ],
    ],
    failingCases: ["returns the group info of the last commit to members"],
  },
];
