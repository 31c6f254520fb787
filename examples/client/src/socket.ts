/** What a WebSocket says. */
export interface SocketListener {
  opened(): void;
  /** Bytes, or whatever else came. */
  received(data: unknown): void;
  /** With the close code of RFC 6455, section 7.4; once, also for a socket that never opened. */
  closed(code: number): void;
}

export interface Socket {
  send(bytes: Uint8Array): void;
  close(code: number, reason?: string): void;
}

/** Opens a WebSocket. */
export type Connect = (url: URL, listener: SocketListener) => Socket;

/** With the WebSocket that browsers have. */
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
