/** The server under test. */
export interface ContractTarget {
  /** Sends a request to a path of the server, which starts with `/`. Use the platform's `fetch` with the server's address. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Opens a WebSocket at a path of the server, which starts with `/`. Use the platform's WebSocket, or the package ws. */
  connect(path: string): ContractSocket;
  /** Returns a username that is not taken. Default: 20 random hexadecimal digits. */
  username?(): string;
  /** Timeout of an answer in seconds. A case has four times as long. Default: 10. */
  readonly timeout?: number;
}

/** The part of a WebSocket that the suite uses. */
export interface ContractSocket {
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
