import {
  HistoryChunks,
  PublishedHistoryKey,
  PublishHistoryKey,
  WriteHistoryChunk,
} from "./history-bodies.js";
import type { Operation } from "./operation.js";
import { afterChunk, device, historyChatId, historyFirstSeq, historyKeyId } from "./parameters.js";

const position = [historyKeyId, device, historyChatId, historyFirstSeq];

/** Operations of the history of MLS chats (docs/PROTOCOL.md, section 15). */
export const historyOperations = [
  {
    method: "get",
    path: "/history",
    id: "getHistoryKey",
    summary: "Returns the user's history key, if the history is on",
    tag: "devices",
    answers: { 200: PublishedHistoryKey },
  },
  {
    method: "put",
    path: "/history/{to}",
    id: "publishHistoryKey",
    summary: "Turns the history on. Another key replaces the earlier one with all its chunks",
    tag: "devices",
    parameters: [historyKeyId],
    body: PublishHistoryKey.schema,
    answers: { 204: undefined },
  },
  {
    method: "delete",
    path: "/history/{to}",
    id: "deleteHistory",
    summary: "Turns the history off, and deletes all chunks",
    tag: "devices",
    parameters: [historyKeyId],
    answers: { 204: undefined },
  },
  {
    method: "get",
    path: "/history/{to}",
    id: "listHistoryChunks",
    summary: "Lists chunks of the history, 4 per answer",
    tag: "devices",
    parameters: [historyKeyId, afterChunk],
    answers: { 200: HistoryChunks },
    rejections: [404, 422],
  },
  {
    method: "put",
    path: "/history/{to}/{device}/{chat_id}/{first_seq}",
    id: "writeHistoryChunk",
    summary: "Stores a chunk of the history in place of the one at this path",
    tag: "devices",
    parameters: position,
    body: WriteHistoryChunk.schema,
    answers: { 204: undefined },
    rejections: [403, 404],
  },
  {
    method: "delete",
    path: "/history/{to}/{device}/{chat_id}/{first_seq}",
    id: "deleteHistoryChunk",
    summary: "Deletes a chunk of the history",
    tag: "devices",
    parameters: position,
    answers: { 204: undefined },
    rejections: [404],
  },
] as const satisfies readonly Operation[];
