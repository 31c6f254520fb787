import {
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  ChatSummary,
  MessageListResponse,
} from "lacre";
import {
  ConfigureChat,
  Contact,
  CreateChat,
  ExpiringMessages,
  Health,
  RefreshRequest,
  RestartChat,
  Stored,
  User,
  UserPage,
  WebSocketTicket,
} from "./bodies.js";
import { commitOperations } from "./commit-operations.js";
import { deviceOperations } from "./device-operations.js";
import { historyOperations } from "./history-operations.js";
import type { Operation } from "./operation.js";
import {
  accessToken,
  afterSeq,
  afterUser,
  autoDeleteHours,
  beforeSeq,
  chatId,
  includeMls,
  messageLimit,
  namePrefix,
  page,
  requestTag,
  ticket,
  userLimit,
} from "./parameters.js";

const socketParameters = [accessToken, ticket];
const socketRejections = [401, 403, 426];

export const operations = [
  {
    method: "post",
    path: "/auth/register",
    id: "register",
    summary: "Creates an account and logs its user in",
    tag: "identity",
    isPublic: true,
    body: AuthRequest.schema,
    answers: { 201: AuthResponse.schema },
    rejections: [409],
  },
  {
    method: "post",
    path: "/auth/login",
    id: "login",
    summary: "Logs a user in",
    tag: "identity",
    isPublic: true,
    body: AuthRequest.schema,
    answers: { 200: AuthResponse.schema },
    rejections: [401, 503],
  },
  {
    method: "post",
    path: "/auth/refresh",
    id: "refresh",
    summary: "Exchanges a refresh token, once, for new tokens",
    tag: "identity",
    isPublic: true,
    body: RefreshRequest.schema,
    answers: { 200: AuthResponse.schema },
    rejections: [401],
  },
  {
    method: "post",
    path: "/auth/logout",
    id: "logout",
    summary: "Ends the session, with all its tokens and connections",
    tag: "identity",
    answers: { 204: undefined },
  },
  {
    method: "post",
    path: "/auth/ws-ticket",
    id: "createTicket",
    summary: "Creates a ticket that opens one WebSocket within 30 seconds",
    tag: "identity",
    answers: { 200: WebSocketTicket },
    rejections: [403],
  },
  {
    method: "get",
    path: "/users/me",
    id: "getMe",
    summary: "Returns the account of the user",
    tag: "users",
    answers: { 200: User },
  },
  {
    method: "get",
    path: "/users/search",
    id: "searchUsers",
    summary: "Finds users by a prefix of their names",
    tag: "users",
    parameters: [namePrefix, afterUser, userLimit],
    answers: { 200: UserPage },
    rejections: [422],
  },
  {
    method: "get",
    path: "/chats",
    id: "listChats",
    summary: "Lists the chats of the user, 100 per page, or 50 with MLS chats",
    tag: "chats",
    parameters: [page, includeMls, requestTag],
    answers: { 200: ChatListResponse.schema },
    rejections: [422],
    hasFrames: true,
  },
  {
    method: "post",
    path: "/chats",
    id: "createChat",
    summary: "Creates a chat with another user, or an MLS chat with others",
    tag: "chats",
    body: CreateChat.schema,
    answers: { 201: ChatSummary },
    rejections: [403, 404, 409],
  },
  {
    method: "get",
    path: "/chats/{chat_id}",
    id: "getChat",
    summary: "Returns one chat",
    tag: "chats",
    parameters: [chatId],
    answers: { 200: ChatSummary },
    rejections: [404],
  },
  {
    method: "patch",
    path: "/chats/{chat_id}/config",
    id: "configureChat",
    summary: "Changes the settings of a chat. Its creator can set the key parameters once",
    tag: "chats",
    parameters: [chatId],
    body: ConfigureChat.schema,
    answers: { 200: ChatSummary },
    rejections: [403, 404, 409],
  },
  {
    method: "post",
    path: "/chats/{chat_id}/restart",
    id: "restartChat",
    summary: "Restarts an unanswered chat with new key parameters, and deletes its messages",
    tag: "chats",
    parameters: [chatId],
    body: RestartChat.schema,
    answers: { 200: ChatSummary },
    rejections: [403, 404, 409],
  },
  {
    method: "post",
    path: "/chats/{chat_id}/contact",
    id: "changeContact",
    summary: "Accepts a chat that another user created, or blocks or unblocks its other member",
    tag: "chats",
    parameters: [chatId],
    body: Contact.schema,
    answers: { 200: ChatSummary },
    rejections: [403, 404],
  },
  {
    method: "get",
    path: "/chats/{chat_id}/expiring",
    id: "countExpiring",
    summary:
      "Counts the messages that a change of auto_delete_hours would delete immediately. Changes nothing",
    tag: "chats",
    parameters: [chatId, autoDeleteHours],
    answers: { 200: ExpiringMessages },
    rejections: [404],
  },
  {
    method: "get",
    path: "/chats/{chat_id}/messages",
    id: "listMessages",
    summary:
      "Lists messages of a chat in order: the first ones after a seq, or the last ones before a seq",
    tag: "messages",
    parameters: [chatId, afterSeq, beforeSeq, messageLimit, requestTag],
    answers: { 200: MessageListResponse.schema },
    rejections: [404, 422],
    hasFrames: true,
  },
  {
    method: "post",
    path: "/chats/{chat_id}/messages",
    id: "sendMessage",
    summary:
      "Stores a message and delivers it. A repeated client_id receives the first answer again, with 200",
    tag: "messages",
    parameters: [chatId, requestTag],
    body: ChatMessage.schema,
    answers: { 200: Stored.schema, 201: Stored.schema },
    rejections: [403, 409, 503],
    hasFrames: true,
  },
  ...deviceOperations,
  ...commitOperations,
  ...historyOperations,
  {
    method: "get",
    path: "/ws",
    id: "connect",
    summary: "Opens a WebSocket for all chats (docs/PROTOCOL.md, section 11)",
    tag: "messages",
    isPublic: true,
    parameters: socketParameters,
    answers: { 101: undefined },
    rejections: socketRejections,
  },
  {
    method: "get",
    path: "/ws/chat/{chat_id}",
    id: "connectToChat",
    summary: "Opens a WebSocket for one chat",
    tag: "messages",
    isPublic: true,
    parameters: [chatId, ...socketParameters],
    answers: { 101: undefined },
    rejections: [...socketRejections, 404],
  },
  {
    method: "get",
    path: "/health",
    id: "getHealth",
    summary: "Reports whether the server works",
    tag: "operation",
    isPublic: true,
    answers: { 200: Health },
    rejections: [503],
  },
  {
    method: "get",
    path: "/metrics",
    id: "getMetrics",
    summary: "Returns metrics in the format of Prometheus",
    tag: "operation",
    isPublic: true,
    answers: { 200: "text/plain" },
    rejections: [401],
  },
  {
    method: "get",
    path: "/.well-known/jwks.json",
    id: "getKeys",
    summary: "Returns the public keys that verify access tokens (RFC 7517)",
    tag: "operation",
    isPublic: true,
    answers: { 200: "application/json" },
  },
  {
    method: "get",
    path: "/openapi.json",
    id: "getDocument",
    summary: "Returns this document",
    tag: "operation",
    isPublic: true,
    answers: { 200: "application/json", 304: undefined },
  },
  {
    method: "get",
    path: "/docs",
    id: "getDocs",
    summary: "Shows this document as a page from which requests can be sent",
    tag: "operation",
    isPublic: true,
    answers: { 200: "text/html", 304: undefined },
  },
] as const satisfies readonly Operation[];

type Declared = (typeof operations)[number];

/** A path with a value in place of each parameter: ids of devices and history keys are text, the others are numbers. */
type Filled<Path extends string> = Path extends `${infer Start}{${infer Name}}${infer End}`
  ? `${Start}${Name extends "device" | "to" ? string : number}${Filled<End>}`
  : Path;

type Address<Path extends string> = Filled<Path> | `${Filled<Path>}?${string}`;

/** Method and address of a request to any operation. Another method or path does not compile. */
export type RequestLine = {
  [Method in Declared["method"]]: {
    readonly method: Uppercase<Method>;
    readonly path: Address<Extract<Declared, { method: Method }>["path"]>;
  };
}[Declared["method"]];

/** Returns the operations of a path, for all methods. */
export function operationsAt(address: string): readonly Operation[] {
  return operations.filter(({ path }) =>
    new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+")}$`).test(address),
  );
}
