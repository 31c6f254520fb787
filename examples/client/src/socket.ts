/** Callbacks for the events of a WebSocket. */
export interface SocketListener {
  opened(): void;
  /** Receives the data of a message: bytes for a binary message, a string for a text message. */
  received(data: unknown): void;
  /** Receives the close code (RFC 6455, section 7.4). Called once, also if the socket never opened. */
  closed(code: number): void;
}

export interface Socket {
  send(bytes: Uint8Array): void;
  close(code: number, reason?: string): void;
}

/** Opens a WebSocket. */
export type Connect = (url: URL, listener: SocketListener) => Socket;

/** Opens a WebSocket in a browser. */
export const connectInBrowser: Connect = (url, listener) => {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => listener.opened();
  socket.onmessage = ({ data }) => listener.received(data);
  socket.onclose = ({ code }) => listener.closed(code);
  return {
    send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    close: (code, reason) => socket.close(code, reason),
  };
};
