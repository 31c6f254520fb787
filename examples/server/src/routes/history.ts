import { type Context, Hono } from "hono";
import {
  MAX_CHUNK_BYTES,
  MAX_CHUNKS,
  PublishHistoryKey,
  parameters,
  WriteHistoryChunk,
} from "lacre-api";
import * as history from "../devices/history.js";
import { HttpError } from "../errors.js";
import { type Authenticated, authenticated } from "../http/authenticated.js";
import { chunkReadLimit, chunkWriteLimit, deviceLimit } from "../http/limits.js";
import { readChunkNumbers, readDevice, readHistoryKeyId, readInteger } from "../http/parameters.js";
import { answer, readBody } from "../json.js";
import type { Services } from "../services.js";

/** Maximum bytes of a body with a chunk in base64. */
const MAX_BODY_BYTES = Math.ceil((MAX_CHUNK_BYTES * 4) / 3) + 1024;
const POSITION = "/:to/:device/:chat_id/:first_seq";

/** `/history`: encrypted copies of the messages that the user's devices read in MLS chats. */
export function historyRoutes(services: Services) {
  const { store, config } = services;
  const routes = new Hono<Authenticated>();
  const limitDevices = deviceLimit(services);
  const forUser = authenticated(services);
  const forReads = authenticated(services, chunkReadLimit(services));
  const forWrites = authenticated(services, chunkWriteLimit(services));

  routes.get("/", forUser, async (context) => {
    const { user_id } = context.get("session");
    const key = await store.history.findKey(user_id);
    return answer(context, key === undefined ? {} : { history_key: key.history_key });
  });

  routes.put("/:to", forUser, async (context) => {
    const session = context.get("session");
    const { history_key } = await readBody(context, PublishHistoryKey);
    await limitDevices(context, session);
    const to = readHistoryKeyId(context);
    await history.publishHistoryKey(store, session.user_id, to, history_key);
    return context.body(null, 204);
  });

  routes.delete("/:to", forUser, async (context) => {
    const { user_id } = context.get("session");
    await history.deleteHistory(store, user_id, readHistoryKeyId(context));
    return context.body(null, 204);
  });

  routes.get("/:to", forReads, async (context) => {
    const { user_id } = context.get("session");
    const after = readInteger(context, parameters.afterChunk) ?? 0;
    const found = await store.history.list(user_id, { after, limit: MAX_CHUNKS + 1 });
    // Afterwards, so that the chunks are not those of a key that replaces this one between the two reads.
    await history.requireHistory(store, user_id, readHistoryKeyId(context));
    const chunks = found.slice(0, MAX_CHUNKS).map(({ id, chunk }) => ({ chunk_id: id, chunk }));
    return answer(context, { chunks, has_more: found.length > MAX_CHUNKS });
  });

  routes.put(POSITION, forWrites, async (context) => {
    const session = context.get("session");
    const { chunk } = await readBody(context, WriteHistoryChunk, MAX_BODY_BYTES);
    const position = readPosition(context);
    const { maxHistoryBytes: maxBytes } = config;
    await history.writeChunk(store, session, { ...position, maxBytes }, chunk);
    return context.body(null, 204);
  });

  routes.delete(POSITION, forWrites, async (context) => {
    const { user_id } = context.get("session");
    await history.deleteChunk(store, { user_id, ...readPosition(context) });
    return context.body(null, 204);
  });

  return routes;
}

function readPosition(context: Context) {
  const numbers = readChunkNumbers(context);
  if (numbers !== undefined)
    return { to: readHistoryKeyId(context), device: readDevice(context), ...numbers };
  throw new HttpError(404, "ERR_HISTORY_NOT_FOUND", "the path is not one of a chunk");
}
