/** A chunk of the history, as the server stores it. */
export interface StoredChunk {
  readonly chunk_id: number;
  readonly chunk: Uint8Array;
}

/** The endpoints of a server for the history (docs/PROTOCOL.md, D-17 to D-19). Errors are as those of `MlsServer`. */
export interface HistoryServer {
  /** `GET /history`: the user's published history key. */
  historyKey(): Promise<Uint8Array | undefined>;
  /** `PUT /history/{to}` */
  publishHistoryKey(to: string, historyKey: Uint8Array): Promise<void>;
  /** `DELETE /history/{to}` */
  deleteHistory(to: string): Promise<void>;
  /** `PUT /history/{to}/{device}/{chat_id}/{first_seq}` */
  writeChunk(to: string, position: ChunkPosition, chunk: Uint8Array): Promise<void>;
  /** `DELETE /history/{to}/{device}/{chat_id}/{first_seq}` */
  deleteChunk(to: string, position: ChunkPosition): Promise<void>;
  /** `GET /history/{to}`: the next chunks after an id, and whether more follow. */
  chunks(
    to: string,
    after: number,
  ): Promise<{ readonly chunks: readonly StoredChunk[]; readonly has_more: boolean }>;
}

/** Where a chunk is stored. */
export interface ChunkPosition {
  readonly device: string;
  /** 0 for pinned logs. */
  readonly chat_id: number;
  /** 0 for pinned logs. */
  readonly first_seq: number;
}
