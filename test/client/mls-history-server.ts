import type { ChunkPosition, HistoryServer } from "../../src/client/mls/index.js";
import { RejectionError } from "./mls-test-server.js";

/** The history of one user at a server in memory (docs/PROTOCOL.md, D-17 to D-19), without access checks. */
export class TestHistoryServer implements HistoryServer {
  key: Uint8Array | undefined;
  readonly stored = new Map<string, { chunk_id: number; chunk: Uint8Array }>();
  #to: string | undefined;
  #lastId = 0;
  /** Number of chunks that were written. */
  writes = 0;

  async historyKey() {
    return this.key;
  }

  async publishHistoryKey(to: string, historyKey: Uint8Array) {
    if (to !== this.#to) this.stored.clear();
    this.#to = to;
    this.key = historyKey;
  }

  async deleteHistory() {
    this.stored.clear();
    this.#to = undefined;
    this.key = undefined;
  }

  async writeChunk(to: string, position: ChunkPosition, chunk: Uint8Array) {
    this.#check(to);
    this.#lastId += 1;
    this.writes += 1;
    this.stored.set(nameOf(position), { chunk_id: this.#lastId, chunk });
  }

  async deleteChunk(to: string, position: ChunkPosition) {
    this.#check(to);
    this.stored.delete(nameOf(position));
  }

  async chunks(to: string, after: number) {
    this.#check(to);
    const later = [...this.stored.values()]
      .filter(({ chunk_id }) => chunk_id > after)
      .sort((one, other) => one.chunk_id - other.chunk_id);
    return { chunks: later.slice(0, 4), has_more: later.length > 4 };
  }

  #check(to: string): void {
    if (to !== this.#to) throw new RejectionError(404, "ERR_HISTORY_NOT_FOUND");
  }
}

function nameOf({ device, chat_id, first_seq }: ChunkPosition): string {
  return `${device}/${chat_id}/${first_seq}`;
}
