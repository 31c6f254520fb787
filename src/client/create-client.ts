import { Session } from "../session/session.js";
import { type ClientOptions, copyOptions } from "./options.js";
import { RunningClient } from "./running-client.js";
import type { Client } from "./types.js";

/**
 * Creates a client and starts it: it reads the storage, connects, and reconnects until `stop`. Add listeners before the first
 * `await`, because events without a listener count as handled.
 *
 * ```ts
 * const client = createClient({ url, session_key, user_id, storage: memoryStorage(), chats: () => cipher });
 * client.on("message", ({ message }) => show(message.content ?? message.unreadable));
 * await client.send(42, { kind: "text", text: "hola" });
 * await client.stop();
 * ```
 *
 * @throws {ValidationError} if an option is invalid, or the platform has no WebSocket and none is given.
 * @throws {KeyError} if the session key is not 32 bytes or is all zero.
 */
export function createClient<Sent, Received = Sent>(
  options: ClientOptions<Sent, Received>,
): Client<Sent, Received> {
  const own = copyOptions(options);
  // Throws now, not when the storage is loaded.
  new Session(own.session);
  return new RunningClient(own);
}
