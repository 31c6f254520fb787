/** The server under test. */
export interface ContractTarget {
  /**
   * Sends a request to a path of the server, which starts with `/`. Use the platform's `fetch` with the server's address. Not needed
   * for cases of part `websocket` if there are `users`.
   */
  fetch?(path: string, init?: RequestInit): Promise<Response>;
  /**
   * Opens a WebSocket at a path of the server, which starts with `/`. Use the platform's WebSocket, or the package ws. Not needed for
   * cases of part `websocket` if there are `users`.
   */
  connect?(path: string): ContractSocket;
  /**
   * Creates users and chats in the server's own way, for the cases of part `websocket`. These cases then send no HTTP request. Default:
   * the suite uses the endpoints of docs/PROTOCOL.md, section 12.
   */
  readonly users?: ContractUsers;
  /** Returns a username that is not taken. Default: 20 random hexadecimal digits. */
  username?(): string;
  /** Timeout of an answer in seconds. A case has four times as long. Default: 10. */
  readonly timeout?: number;
}

/** Creates users and chats on a server that has its own accounts and its own authentication of WebSockets. */
export interface ContractUsers<User extends ContractUser = ContractUser> {
  /** Creates a user, and begins a session of this user. */
  create(): Promise<User>;
  /** Creates a chat of two users, in which both may write. Returns the chat's id. */
  createChat(creator: User, peer: User): Promise<number>;
  /** Ends a user's session. The suite calls it for each user at the end of a case. */
  end?(user: User): Promise<void>;
}

/** A user in a session of the server under test. */
export interface ContractUser {
  readonly user_id: number;
  /** The session's key (K-5): 32 bytes, or their base64. */
  readonly session_key: Uint8Array | string;
  /** Opens a new WebSocket of the session. The suite calls it several times, and sends the first frame. */
  connect(): ContractSocket | Promise<ContractSocket>;
}

/** The part of a WebSocket that the suite uses. */
export interface ContractSocket {
  /** 1 if the WebSocket is open already. */
  readonly readyState?: number;
  /** Set to `arraybuffer` by the suite. */
  binaryType: string;
  /** Sends a Uint8Array, or text. */
  // biome-ignore lint/suspicious/noExplicitAny: compilers and platforms have types of their own for these
  send(data: any): void;
  /** Starts the closing handshake. */
  close(): void;
  /** Set by the suite. */
  // biome-ignore lint/suspicious/noExplicitAny: each platform has event types of its own
  onopen: ((event: any) => void) | null;
  /** Set by the suite; the event has `data`. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  onmessage: ((event: any) => void) | null;
  /** Set by the suite. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  onerror: ((event: any) => void) | null;
  /** Set by the suite; the event has `code`. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  onclose: ((event: any) => void) | null;
}
