/** A server under test, as whoever tests it hands it over. */
export interface ContractTarget {
  /** Asks the server for a path that begins with `/`: the platform's `fetch`, told where the server is. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Opens a WebSocket at a path that begins with `/`: the platform's own, or that of the package ws. */
  connect(path: string): ContractSocket;
  /** A username that nobody has. By default one of 20 random letters and digits. */
  username?(): string;
  /** Seconds for which an answer is waited for; a case ends after four times as much. By default 10. */
  readonly timeout?: number;
}

/** What the suite needs of a WebSocket, which is about to open. */
export interface ContractSocket {
  /** Set to `arraybuffer` by the suite. */
  binaryType: string;
  /** Sends a Uint8Array, or text. */
  // biome-ignore lint/suspicious/noExplicitAny: compilers and platforms have types of their own for these
  send(data: any): void;
  /** Begins to close. */
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
