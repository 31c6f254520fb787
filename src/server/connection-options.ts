import {
  functionArgument,
  invalidArgument,
  listArgument,
  numberArgument,
  objectArgument,
} from "../arguments.js";
import { directionKeys, NONCE_BYTES, sessionKeyBytes } from "../connection/channel.js";
import { withPipeline } from "../connection/pipeline.js";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import type { ChatMessage, StatusEvent } from "../messages/chat.js";
import { Welcome } from "../messages/connection.js";
import type { WelcomeOffer } from "./accept-hello.js";
import type { ChatState, MessageStore, StoredMessage } from "./message-store.js";
import type { FrameChannel } from "./peer.js";
import type { RejectionError } from "./rejection.js";

/**
 * Options of `acceptConnection`. The connection keeps this object and calls its functions as methods. For many connections,
 * pass instances of a class: functions that are created for each connection take more memory.
 */
export interface ConnectionOptions<
  Stored extends StoredMessage = StoredMessage,
  Chat extends ChatState = ChatState,
> {
  /** The session that the server authenticated before it accepted the socket. The key has 32 bytes. */
  readonly session: { readonly session_key: Uint8Array; readonly user_id: number };
  /** Stores and reads messages and receipts. */
  readonly store: MessageStore<Stored, Chat>;
  /** Sends a frame to the client as a binary message. */
  readonly send: (bytes: Uint8Array) => void;
  /** Closes the socket. Called at most once, and not after `closed`. */
  readonly close: (code: number, reason: string) => void;
  /**
   * Returns the number of bytes that the client has not read yet, such as the `bufferedAmount` of a socket. The connection
   * then stops handling frames of a client that does not read the answers, and closes it with 4004 before more than 1 MiB
   * waits. By default 0, which leaves both to the platform.
   */
  readonly buffered?: () => number;
  /** Stops reading the socket while 64 frames or 1 MiB wait to be handled. By default the socket is not paused. */
  readonly pause?: () => void;
  /** Continues to read the socket. */
  readonly resume?: () => void;
  /** What `welcome` offers, with the capability `pipeline`. By default also `delivered`, and a heartbeat each 30 s. */
  readonly offer?: WelcomeOffer;
  /** Unix time in seconds, by default of the platform's clock. */
  readonly now?: () => number;
  /** Seconds that a client has for its hello, and after the welcome for its first frame. By default 10. */
  readonly handshakeTimeout?: number;
  /**
   * Opens and signs the frames of a version 1 client, which sends no hello (S-4). The connection then begins without a
   * handshake, counts as confirmed, and never is `silent`. By default the client must send a hello.
   */
  readonly channel?: FrameChannel;
  /**
   * Runs the work of a frame of `bytes` bytes, when it is this user's turn. The work never rejects because of the frame. By
   * default it starts immediately. Limits and fairness between users belong here.
   */
  readonly schedule?: (work: () => Promise<void>, bytes: number) => Promise<void>;
  /** Called with each frame that opens, before it is handled. It may wait, or throw a RejectionError, to limit a user. */
  readonly admit?: (message: VerifiedMessage) => void | Promise<void>;
  /**
   * Called when a frame has proved that the client has the keys of this connection (S-24): only now the user is online. If it
   * throws, the frame is answered with `ERR_UNAVAILABLE`, and the hook is called again at the next frame.
   */
  readonly onConfirmed?: () => void | Promise<void>;
  /**
   * Called with each new message after it is acknowledged. Deliver it to all other connections of the chat's members. Also
   * called if the connection was closed in the meantime.
   */
  readonly onStored?: (message: ChatMessage, stored: Stored) => void;
  /**
   * Called with each stored receipt, for all other connections of the chat's members, and with each `typing` event, for the
   * connections of the other members only.
   */
  readonly onStatus?: (status: StatusEvent, chat: Chat) => void;
  /**
   * Called with each rejection, for logs and metrics, before it is sent. `error` is what was thrown: of a failure of the store,
   * which the client receives as `ERR_UNAVAILABLE`, it has the reason. If this hook throws, `receive` rejects.
   */
  readonly onRejected?: (rejection: RejectionError, error: unknown) => void;
}

/** What the handshake needs of the options. */
export interface Handshake {
  readonly session: ConnectionOptions["session"];
  readonly offer: WelcomeOffer;
}

/**
 * Checks the options, and copies those that the handshake needs.
 *
 * @throws {KeyError} if the session key is not 32 bytes or is all zero.
 * @throws {ValidationError} if another option is invalid.
 */
export function checkOptions<Stored extends StoredMessage, Chat extends ChatState>(
  options: ConnectionOptions<Stored, Chat>,
): Handshake {
  const { session, store, channel, handshakeTimeout, offer } = objectArgument(options, "options");
  const { session_key, user_id } = objectArgument(session, "options.session");
  numberArgument(user_id, "options.session.user_id", 1);
  const own = { session_key: sessionKeyBytes(session_key), user_id };
  // Throws KeyError for a key of zeros.
  directionKeys(own.session_key);
  objectArgument(store, "options.store");
  for (const method of ["add", "list", "findChat", "addReceipt"] as const)
    functionArgument(store[method], `options.store.${method}`);
  for (const name of ["send", "close"] as const) functionArgument(options[name], `options.${name}`);
  for (const name of HOOKS) {
    if (options[name] !== undefined) functionArgument(options[name], `options.${name}`);
  }
  if (handshakeTimeout !== undefined)
    numberArgument(handshakeTimeout, "options.handshakeTimeout", 0);
  if (channel !== undefined) {
    objectArgument(channel, "options.channel");
    for (const method of ["encode", "open"] as const)
      functionArgument(channel[method], `options.channel.${method}`);
  }
  return { session: own, offer: copyOffer(offer) };
}

const HOOKS = [
  ...(["buffered", "pause", "resume", "now", "schedule", "admit"] as const),
  ...(["onConfirmed", "onStored", "onStatus", "onRejected"] as const),
];

const DEFAULT_OFFER: WelcomeOffer = { capabilities: ["delivered"], limits: {}, heartbeat: 30 };

/** @throws {ValidationError} if no `welcome` can make the offer. */
function copyOffer(offer: WelcomeOffer = DEFAULT_OFFER): WelcomeOffer {
  const { wires, ...fields } = objectArgument(offer, "options.offer");
  const announced = listArgument<string>(fields.capabilities, "options.offer.capabilities");
  const nonce = new Uint8Array(NONCE_BYTES);
  const { capabilities, limits, heartbeat, reconnect_within } = Welcome.parse({
    ...fields,
    capabilities: withPipeline(announced),
    nonce,
    hello_nonce: nonce,
    wire: 2,
  });
  return {
    capabilities,
    limits,
    heartbeat,
    ...(reconnect_within !== undefined && { reconnect_within }),
    ...(wires !== undefined && { wires: copyWires(wires) }),
  };
}

function copyWires(wires: NonNullable<WelcomeOffer["wires"]>): (1 | 2)[] {
  const own = listArgument(wires, "options.offer.wires");
  if (own.length > 0 && own.every((wire) => wire === 1 || wire === 2)) return own;
  throw invalidArgument("options.offer.wires", "must contain 1, 2 or both");
}
