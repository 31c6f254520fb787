import {
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  ChatSummary,
  MessageListResponse,
} from "lacre";
import type * as z from "zod/mini";
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
import {
  accessToken,
  afterSeq,
  afterUser,
  autoDeleteHours,
  beforeSeq,
  chatId,
  messageLimit,
  namePrefix,
  type Parameter,
  page,
  requestTag,
  ticket,
  userLimit,
} from "./parameters.js";

/** Description of one operation of the API. The routes implement it. */
export interface Operation {
  readonly method: "get" | "post" | "patch";
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly tag: "identity" | "users" | "chats" | "messages" | "operation";
  readonly isPublic?: true;
  readonly parameters?: readonly Parameter[];
  readonly body?: z.ZodMiniType;
  /** By status; a schema for a JSON body, a media type for another one, undefined for none. */
  readonly answers: Readonly<Record<number, z.ZodMiniType | string | undefined>>;
  /** Additional statuses with an ErrorResponse. */
  readonly refusals?: readonly number[];
  /** Whether request and answer may also be frames. */
  readonly hasFrames?: true;
}

const socketParameters = [accessToken, ticket];
const socketRefusals = [401, 403, 426];

export const operations = [
  {
    method: "post",
    path: "/auth/register",
    id: "register",
    summary: "Makes an account, and lets its owner in",
    tag: "identity",
    isPublic: true,
    body: AuthRequest.schema,
    answers: { 201: AuthResponse.schema },
    refusals: [409],
  },
  {
    method: "post",
    path: "/auth/login",
    id: "login",
    summary: "Lets a user in",
    tag: "identity",
    isPublic: true,
    body: AuthRequest.schema,
    answers: { 200: AuthResponse.schema },
    refusals: [401, 503],
  },
  {
    method: "post",
    path: "/auth/refresh",
    id: "refresh",
    summary: "Takes a refresh token, once, for new tokens",
    tag: "identity",
    isPublic: true,
    body: RefreshRequest.schema,
    answers: { 200: AuthResponse.schema },
    refusals: [401],
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
    summary: "Gives a ticket that opens one WebSocket, within 30 seconds",
    tag: "identity",
    answers: { 200: WebSocketTicket },
    refusals: [403],
  },
  {
    method: "get",
    path: "/users/me",
    id: "getMe",
    summary: "Who is asking",
    tag: "users",
    answers: { 200: User },
  },
  {
    method: "get",
    path: "/users/search",
    id: "searchUsers",
    summary: "Finds users by the beginning of their names",
    tag: "users",
    parameters: [namePrefix, afterUser, userLimit],
    answers: { 200: UserPage },
    refusals: [422],
  },
  {
    method: "get",
    path: "/chats",
    id: "listChats",
    summary: "The chats of the user who asks, a hundred a page",
    tag: "chats",
    parameters: [page, requestTag],
    answers: { 200: ChatListResponse.schema },
    refusals: [422],
    hasFrames: true,
  },
  {
    method: "post",
    path: "/chats",
    id: "createChat",
    summary: "Opens a chat with another user",
    tag: "chats",
    body: CreateChat.schema,
    answers: { 201: ChatSummary },
    refusals: [403, 404, 409],
  },
  {
    method: "get",
    path: "/chats/{chat_id}",
    id: "getChat",
    summary: "One chat",
    tag: "chats",
    parameters: [chatId],
    answers: { 200: ChatSummary },
    refusals: [404],
  },
  {
    method: "patch",
    path: "/chats/{chat_id}/config",
    id: "configureChat",
    summary: "Changes a chat's settings; what its key is derived with is set once, by its creator",
    tag: "chats",
    parameters: [chatId],
    body: ConfigureChat.schema,
    answers: { 200: ChatSummary },
    refusals: [403, 404, 409],
  },
  {
    method: "post",
    path: "/chats/{chat_id}/restart",
    id: "restartChat",
    summary: "Starts an unanswered chat over, with other key parameters and without messages",
    tag: "chats",
    parameters: [chatId],
    body: RestartChat.schema,
    answers: { 200: ChatSummary },
    refusals: [403, 404, 409],
  },
  {
    method: "post",
    path: "/chats/{chat_id}/contact",
    id: "changeContact",
    summary: "Accepts a chat that another user opened, or blocks or unblocks its other member",
    tag: "chats",
    parameters: [chatId],
    body: Contact.schema,
    answers: { 200: ChatSummary },
    refusals: [403, 404],
  },
  {
    method: "get",
    path: "/chats/{chat_id}/expiring",
    id: "countExpiring",
    summary:
      "How many messages a change of auto_delete_hours would delete at once; changes nothing",
    tag: "chats",
    parameters: [chatId, autoDeleteHours],
    answers: { 200: ExpiringMessages },
    refusals: [404],
  },
  {
    method: "get",
    path: "/chats/{chat_id}/messages",
    id: "listMessages",
    summary: "A page of a chat's messages, in order: the first after a seq, or the last before one",
    tag: "messages",
    parameters: [chatId, afterSeq, beforeSeq, messageLimit, requestTag],
    answers: { 200: MessageListResponse.schema },
    refusals: [404, 422],
    hasFrames: true,
  },
  {
    method: "post",
    path: "/chats/{chat_id}/messages",
    id: "sendMessage",
    summary:
      "Stores a message and hands it on; a repeated client_id gets the first answer again, with 200",
    tag: "messages",
    parameters: [chatId, requestTag],
    body: ChatMessage.schema,
    answers: { 200: Stored.schema, 201: Stored.schema },
    refusals: [403, 409, 503],
    hasFrames: true,
  },
  {
    method: "get",
    path: "/ws",
    id: "connect",
    summary: "A WebSocket for everything that happens (docs/PROTOCOL.md, section 11)",
    tag: "messages",
    isPublic: true,
    parameters: socketParameters,
    answers: { 101: undefined },
    refusals: socketRefusals,
  },
  {
    method: "get",
    path: "/ws/chat/{chat_id}",
    id: "connectToChat",
    summary: "A WebSocket for one chat",
    tag: "messages",
    isPublic: true,
    parameters: [chatId, ...socketParameters],
    answers: { 101: undefined },
    refusals: [...socketRefusals, 404],
  },
  {
    method: "get",
    path: "/health",
    id: "getHealth",
    summary: "Whether the server can do its work",
    tag: "operation",
    isPublic: true,
    answers: { 200: Health },
    refusals: [503],
  },
  {
    method: "get",
    path: "/metrics",
    id: "getMetrics",
    summary: "Measurements in Prometheus's form",
    tag: "operation",
    isPublic: true,
    answers: { 200: "text/plain" },
    refusals: [401],
  },
  {
    method: "get",
    path: "/.well-known/jwks.json",
    id: "getKeys",
    summary: "The public keys that access tokens verify under (RFC 7517)",
    tag: "operation",
    isPublic: true,
    answers: { 200: "application/json" },
  },
  {
    method: "get",
    path: "/openapi.json",
    id: "getDocument",
    summary: "This document",
    tag: "operation",
    isPublic: true,
    answers: { 200: "application/json", 304: undefined },
  },
  {
    method: "get",
    path: "/docs",
    id: "getDocs",
    summary: "This document, to read and to try",
    tag: "operation",
    isPublic: true,
    answers: { 200: "text/html", 304: undefined },
  },
] as const satisfies readonly Operation[];

type Declared = (typeof operations)[number];

/** A path with a number in place of each parameter. Every parameter of a path is an id. */
type Filled<Path extends string> = Path extends `${infer Start}{${string}}${infer End}`
  ? `${Start}${number}${Filled<End>}`
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
