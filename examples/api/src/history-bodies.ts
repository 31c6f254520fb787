import { bytes, ChatSummary, defineMessage } from "lacre";
import * as z from "zod/mini";

// Bodies of the history of MLS chats (docs/PROTOCOL.md, D-17 to D-19).

/** Length of a published history key in bytes. */
const HISTORY_KEY_BYTES = 1308;
/** Lengths of a chunk in bytes. */
const MIN_CHUNK_BYTES = 1417;
export const MAX_CHUNK_BYTES = 143_360;
/** Maximum number of chunks in one answer. */
export const MAX_CHUNKS = 4;

const historyKey = bytes({ length: HISTORY_KEY_BYTES });
const chunk = bytes({ min: MIN_CHUNK_BYTES, max: MAX_CHUNK_BYTES });

export const PublishedHistoryKey = z.object({
  /** Absent while the history is off. */
  history_key: z.optional(historyKey),
});

export const PublishHistoryKey = defineMessage(
  "publish_history_key",
  z.object({ history_key: historyKey }),
);

export const WriteHistoryChunk = defineMessage("write_history_chunk", z.object({ chunk }));

export const HistoryChunks = z.object({
  /** Chunks with increasing ids. */
  chunks: z.array(z.object({ chunk_id: ChatSummary.shape.peer_id, chunk })),
  has_more: z.boolean(),
});
