import type { ClientEvent, ClientStatus, ReadMessage, Watermarks } from "./events.js";

/** Sends and reports the receipts of a client. */
export interface ClientReceipts {
  /**
   * Sends a read receipt up to a seq, by default that of the last message of the chat that was reported.
   *
   * @throws {ValidationError} if an argument is invalid.
   */
  read(chatId: number, seq?: number): void;
  /**
   * Reports that the user is typing. Does nothing while the client is not connected.
   *
   * @throws {ValidationError} if the chat id is invalid.
   */
  typing(chatId: number): void;
  /** Returns the watermarks of each user in a chat, from the receipts of this run. */
  of(chatId: number): ReadonlyMap<number, Watermarks>;
}

/**
 * A client of one user: sends, receives, stores and reconnects until `stop`. It reports events to listeners and to `for await`
 * loops, one event at a time: the next one follows when all of them have handled it.
 */
export interface Client<Sent, Received = Sent> extends AsyncIterable<ClientEvent<Received>> {
  readonly status: ClientStatus;
  /** Receipts and typing. */
  readonly receipts: ClientReceipts;
  /**
   * Adds a listener for a type of event. The client waits for the promise that it returns. If it throws or rejects, the client
   * stops with that error, and reports the event again in the next run. Returns a function that removes the listener.
   *
   * ```ts
   * const remove = client.on("message", ({ message }) => show(message.content));
   * ```
   */
  on<Type extends ClientEvent<Received>["type"]>(
    type: Type,
    listener: (event: Extract<ClientEvent<Received>, { type: Type }>) => unknown,
  ): () => void;
  /**
   * Reports the events of a `for await` loop. An event is handled when the loop requests the next one. Leaving the loop stops
   * the client, and the event at which it was left comes again in the next run.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ClientEvent<Received>, undefined>;
  /**
   * Encrypts and stores a message, and sends it now or after the next connection. Resolves with its client id when it is
   * stored. If it rejects, the message is not sent. Do not change `content` before that. A message with a `client_id` that was
   * sent before is ignored.
   *
   * @throws {ClientError} `ERR_NOT_STORED` if the storage fails, `ERR_STOPPED` after `stop`.
   * @throws {KeyError} if the chat has no cipher.
   * @throws what the cipher throws, such as ValidationError for a message that is too long.
   */
  send(chatId: number, content: Sent, options?: { readonly client_id?: string }): Promise<string>;
  /**
   * Stops sending a message, for example because its chat has another key. The event `failed` follows with the code
   * `ERR_WITHDRAWN`, and the message is removed from the outbox when that is handled. Resolves with false if the outbox does not
   * have the message. The server may have stored it already. Withdraw several messages of a chat in reverse order.
   */
  withdraw(clientId: string): Promise<boolean>;
  /**
   * Fetches a chat that has no cursor, from its first message. Chats with a cursor are fetched anyway.
   *
   * @throws {ValidationError} if the chat id is invalid.
   */
  follow(chatId: number): void;
  /**
   * Returns the last `limit` stored messages of a chat before the seq `before`, sorted by seq. By default the last 100.
   *
   * @throws {ValidationError} if an argument is invalid.
   * @throws what the storage throws.
   */
  history(
    chatId: number,
    page?: { readonly before?: number; readonly limit?: number },
  ): Promise<ReadMessage<Received>[]>;
  /** Returns the messages of a chat that the server has not acknowledged, in order. */
  queued(chatId: number): Promise<ReadMessage<Received>[]>;
  /**
   * Checks within 3 seconds whether the connection works, and replaces it if not. Connects immediately if the client waits to
   * reconnect. The client does this itself when the browser is online again, the page becomes visible, or the process continues.
   */
  reconnectNow(): void;
  /** Takes the storage from the tab that uses it, which stops. Does nothing unless `status` is `waiting`. */
  takeOver(): void;
  /**
   * Closes the connection. Resolves when the event that is being handled is handled, and all is stored: do not await it in a
   * listener or in a `for await` loop. After that, nothing is reported.
   */
  stop(): Promise<void>;
}
