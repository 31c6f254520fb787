import { HistoryError, readHistoryHeader, readHistoryKey } from "lacre/mls";
import type { ChunkPosition } from "../database/history-queries.js";
import type { Store } from "../database/store.js";
import { HttpError, quotaExceeded } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import { readStoredLog } from "./add-entry.js";
import { bindSession } from "./device-sessions.js";

/**
 * Verifies a history key, and stores it (docs/PROTOCOL.md, D-17).
 *
 * @throws {HttpError} if it is not one of the user's recovery key, or its id is another one.
 */
export async function publishHistoryKey(
  store: Store,
  user_id: number,
  to: string,
  history_key: Uint8Array,
): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.devices.lock([user_id]);
    const log = await readStoredLog(inside, user_id);
    const key = verified("history_key", () => log && readHistoryKey(history_key, log));
    if (key?.id !== to) throw invalid("history_key", "is not the key of this path");
    const known = await inside.history.findKey(user_id);
    if (known?.key_id !== to) await inside.history.replaceKey(user_id, { key_id: to, history_key });
  });
}

/** Deletes a user's history key with all chunks, if it has this id. */
export async function deleteHistory(store: Store, user_id: number, to: string): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.devices.lock([user_id]);
    const known = await inside.history.findKey(user_id);
    if (known?.key_id === to) await inside.history.deleteKey(user_id);
  });
}

/**
 * Verifies a chunk, and stores it (docs/PROTOCOL.md, D-18).
 *
 * @param maxBytes - Maximum number of bytes of a user's chunks.
 * @throws {HttpError} if the history is off, the session is not one of the device, or the chunk is invalid or too much.
 */
export async function writeChunk(
  store: Store,
  session: ActiveSession,
  { to, maxBytes, ...position }: Omit<ChunkPosition, "user_id"> & { to: string; maxBytes: number },
  chunk: Uint8Array,
): Promise<void> {
  const { user_id } = session;
  const { device, chat_id, first_seq } = position;
  await store.transaction(async (inside) => {
    await inside.devices.lock([user_id]);
    await requireHistory(inside, user_id, to);
    const known = await inside.devices.find(user_id, device);
    if (known === undefined)
      throw new HttpError(403, "ERR_FORBIDDEN", "your device log has no such device");
    await bindSession(inside, session, device, known);
    const log = await readStoredLog(inside, user_id);
    const head = verified("chunk", () => readHistoryHeader(chunk, log!));
    const isHere =
      head?.to === to &&
      head.device === device &&
      head.chat_id === chat_id &&
      head.first_seq === first_seq;
    if (!isHere) throw invalid("chunk", "is not one of this path");
    const stored = await inside.history.write({ user_id, ...position }, chunk);
    if (stored > maxBytes) {
      throw quotaExceeded(
        `a user's history has at most ${maxBytes} bytes: turn it off to delete it, and on again to begin a new one`,
      );
    }
  });
}

/** Deletes a chunk, if there is one. */
export async function deleteChunk(
  store: Store,
  { to, ...position }: ChunkPosition & { to: string },
): Promise<void> {
  const { user_id } = position;
  await store.transaction(async (inside) => {
    await inside.devices.lock([user_id]);
    await requireHistory(inside, user_id, to);
    await inside.history.delete(position);
  });
}

/** @throws {HttpError} if the user's history key does not have this id. */
export async function requireHistory(store: Store, user_id: number, to: string): Promise<void> {
  const key = await store.history.findKey(user_id);
  if (key?.key_id === to) return;
  throw new HttpError(
    404,
    "ERR_HISTORY_NOT_FOUND",
    "the user's history is off, or has another key: request it with GET /history",
  );
}

function verified<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    throw invalid(path, error.message);
  }
}

const invalid = (path: string, reason: string) =>
  new HttpError(422, "ERR_VALIDATION", `${path}: ${reason}`, {
    issues: [{ path: [path], message: reason }],
  });
