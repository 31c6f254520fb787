import type { ConnectionOptions } from "./connection-options.js";
import type { ChatState, StoredMessage } from "./message-store.js";
import { ServerConnection } from "./server-connection.js";

/**
 * Returns the server's side of a connection (section 11 of docs/PROTOCOL.md), on a socket whose session the server has
 * authenticated. It performs the handshake, handles received frames one after the other, stores messages before it acknowledges
 * them, answers resumes, stores receipts, and answers what it rejects with an error that names the request. It opens no socket,
 * and its only timer runs while a client does not read. Frames of the client never make it throw or grow without bound.
 *
 * ```ts
 * const connection = acceptConnection({ session: { session_key, user_id }, store, send, close });
 * await connection.receive(frame);
 * ```
 *
 * @throws {KeyError} if the session key is not 32 bytes or is all zero.
 * @throws {ValidationError} if another option is invalid.
 */
export function acceptConnection<
  Stored extends StoredMessage = StoredMessage,
  Chat extends ChatState = ChatState,
>(options: ConnectionOptions<Stored, Chat>): ServerConnection<Stored, Chat> {
  return new ServerConnection(options);
}
