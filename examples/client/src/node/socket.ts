import { WebSocket } from "ws";
import type { Connect } from "../socket.js";

const MAX_FRAME_BYTES = 1024 * 1024;

/** Milliseconds to wait for the server's close frame. */
const CLOSE_TIMEOUT = 2000;

/** Opens a WebSocket with the package ws. */
export const connectInNode: Connect = (url, listener) => {
  const socket = new WebSocket(url, { maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  socket.on("open", () => listener.opened());
  socket.on("message", (data, isBinary) => listener.received(isBinary ? data : String(data)));
  socket.on("close", (code) => listener.closed(code));
  // Ignore errors: a close event with the code follows.
  socket.on("error", () => {});
  return {
    send: (bytes) => socket.send(bytes),
    close(code, reason) {
      socket.close(code, reason);
      // An unreachable server sends no close frame.
      setTimeout(() => socket.terminate(), CLOSE_TIMEOUT).unref();
    },
  };
};
