import { WebSocket } from "ws";
import type { Connect } from "../socket.js";

const MAX_FRAME_BYTES = 1024 * 1024;

/** For the server to answer that the connection closes, in milliseconds. */
const CLOSE_TIMEOUT = 2000;

/** With the WebSocket of the package ws. */
export const connectInNode: Connect = (url, listener) => {
  const socket = new WebSocket(url, { maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  socket.on("open", () => listener.opened());
  socket.on("message", (data, isBinary) => listener.received(isBinary ? data : String(data)));
  socket.on("close", (code) => listener.closed(code));
  // What is to be known of an error is in the close code that follows it.
  socket.on("error", () => {});
  return {
    send: (bytes) => socket.send(bytes),
    close(code, reason) {
      socket.close(code, reason);
      // A server that is gone does not answer.
      setTimeout(() => socket.terminate(), CLOSE_TIMEOUT).unref();
    },
  };
};
