import type { ChunkPosition, HistoryServer } from "lacre/client/mls";
import {
  HistoryChunks,
  PublishedHistoryKey,
  PublishHistoryKey,
  WriteHistoryChunk,
} from "lacre-api";
import type { Api } from "./api.js";

/**
 * Returns the endpoints for the history of MLS chats, with the login of an `Api` (docs/PROTOCOL.md, D-17 to D-19). They throw what its
 * methods throw.
 */
export function historyServerOf(api: Api): HistoryServer {
  const pathOf = (to: string, { device, chat_id, first_seq }: ChunkPosition) =>
    `/history/${to}/${device}/${chat_id}/${first_seq}` as const;
  return {
    async historyKey() {
      return (await api.read(PublishedHistoryKey, { method: "GET", path: "/history" })).history_key;
    },
    async publishHistoryKey(to, history_key) {
      const body = PublishHistoryKey.parse({ history_key });
      await api.send({ method: "PUT", path: `/history/${to}`, body });
    },
    async deleteHistory(to) {
      await api.send({ method: "DELETE", path: `/history/${to}` });
    },
    async writeChunk(to, position, chunk) {
      const body = WriteHistoryChunk.parse({ chunk });
      await api.send({ method: "PUT", path: pathOf(to, position), body });
    },
    async deleteChunk(to, position) {
      await api.send({ method: "DELETE", path: pathOf(to, position) });
    },
    chunks: (to, after) =>
      api.read(HistoryChunks, { method: "GET", path: `/history/${to}?after=${after}` }),
  };
}
