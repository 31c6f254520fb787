import type { NewContent } from "../../e2e/content.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { Client } from "../types.js";
import type { MlsChats } from "./mls-chats.js";
import type { MlsMessage } from "./types.js";

/** Capabilities that a client with MLS chats announces. */
export const MLS_CAPABILITIES: readonly string[] = ["mls", "devices", "chat_changed", "delivered"];

/** Number of epochs behind that of the chat up to which the server accepts a message (docs/PROTOCOL.md, D-14). */
const MAX_EPOCHS_BEHIND = 3;

/**
 * Connects a client with the MLS chats that make its messages: at each connection and notice of the server, the chats do what is to
 * be done; the client follows the chats that are joined; and contents are encrypted again that the server rejected for their epoch,
 * or that an earlier run of the program stored and did not encrypt. Call it right after `createClient`. Returns a function that
 * stops the client and closes the chats.
 *
 * ```ts
 * const options = { url, session_key, user_id, storage, capabilities: MLS_CAPABILITIES };
 * const mlsClient = createClient({ ...options, chats: (chatId) => mlsChats.cipher(chatId) });
 * const stop = connectMls(mlsClient, mlsChats);
 * await stop();
 * ```
 */
export function connectMls<Definition extends AnyContentDefinition>(
  client: Client<NewContent<Definition>, MlsMessage<Definition>>,
  mls: MlsChats<Definition>,
): () => Promise<void> {
  // Not awaited in listeners: a message may wait for an event that comes after the one being handled.
  const send = (chatId: number, content: NewContent<Definition>, client_id: string) =>
    // The content is stored. If this fails, the next run sends it.
    void client.send(chatId, content, { client_id }).catch(() => {});
  const ends = [
    client.on("online", () => void mls.sync()),
    client.on("devices", ({ devices }) => void mls.refreshLog(devices.user_id)),
    client.on("status", ({ status }) => {
      // It may be a chat to join. In a chat that this device is in, the commit says what has changed.
      const { event_type, chat_id = 0 } = status;
      if (event_type === "chat_changed" && !mls.get(chat_id)?.isActive) void mls.sync();
    }),
    client.on("caught_up", ({ chat_id }) => mls.caughtUp(chat_id)),
    client.on("gap", ({ chat_id }) => mls.caughtUp(chat_id)),
    client.on("rewound", ({ chat_id, last_seq }) => mls.rewind(chat_id, last_seq)),
    client.on("failed", async ({ message, error_code }) => {
      const { chat_id, client_id, content, encrypted } = message;
      if (error_code !== "ERR_EPOCH_STALE" || content?.kind !== "content")
        return mls.discard(client_id!);
      const epoch = encrypted.epoch! + MAX_EPOCHS_BEHIND + 1;
      const again = () => send(chat_id, content.content as NewContent<Definition>, client_id!);
      void mls.untilEpoch(chat_id, epoch).then(again, () => {});
    }),
    mls.on((event) => {
      if (event.type === "joined") client.follow(event.chat_id);
    }),
  ];
  for (const { chat_id } of mls.chats) client.follow(chat_id);
  // If the storage fails, the next run sends them.
  sendUnsent(client, mls, send).catch(() => {});
  return async () => {
    for (const end of ends) end();
    // Messages that wait in the chats end, one after another, while these are being closed.
    const stopping = client.stop();
    await mls.close(stopping);
    await stopping;
  };
}

async function sendUnsent<Definition extends AnyContentDefinition>(
  client: Client<NewContent<Definition>, MlsMessage<Definition>>,
  mls: MlsChats<Definition>,
  send: (chatId: number, content: NewContent<Definition>, client_id: string) => void,
): Promise<void> {
  const unsent = await mls.unsent();
  const queued = new Set<string | undefined>();
  for (const chatId of new Set(unsent.map(({ chat_id }) => chat_id)))
    for (const { client_id } of await client.queued(chatId)) queued.add(client_id);
  for (const { chat_id, content, client_id } of unsent)
    if (!queued.has(client_id)) send(chat_id, content, client_id);
}
