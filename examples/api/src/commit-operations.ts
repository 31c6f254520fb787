import { Stored } from "./bodies.js";
import { Commit, GroupInfo, Invitations } from "./commit-bodies.js";
import type { Operation } from "./operation.js";
import { afterInvitation, chatId, invitationId, ownDevice } from "./parameters.js";

/** The operations of MLS chats. */
export const commitOperations = [
  {
    method: "post",
    path: "/chats/{chat_id}/commits",
    id: "commit",
    summary:
      "Stores a commit of an MLS chat. A repeated one receives the first answer again, with 200",
    tag: "messages",
    parameters: [chatId],
    body: Commit.schema,
    answers: { 200: Stored.schema, 201: Stored.schema },
    rejections: [403, 409],
  },
  {
    method: "get",
    path: "/chats/{chat_id}/group-info",
    id: "getGroupInfo",
    summary: "Returns what a member's device needs to join an MLS chat by an external commit",
    tag: "messages",
    parameters: [chatId],
    answers: { 200: GroupInfo },
    rejections: [404],
  },
  {
    method: "get",
    path: "/invitations",
    id: "listInvitations",
    summary: "Returns the oldest invitation of a device to an MLS chat, after a given one",
    tag: "devices",
    parameters: [ownDevice, afterInvitation],
    answers: { 200: Invitations },
    rejections: [422],
  },
  {
    method: "delete",
    path: "/invitations/{invitation_id}",
    id: "deleteInvitation",
    summary: "Deletes an invitation, after the device has joined the chat",
    tag: "devices",
    parameters: [invitationId],
    answers: { 204: undefined },
    rejections: [404],
  },
] as const satisfies readonly Operation[];
