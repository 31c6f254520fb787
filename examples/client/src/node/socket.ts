import { WebSocket } from "ws";

const MAX_FRAME_BYTES = 1024 * 1024;

/** WebSocket of the package ws for the option `WebSocket` of a messenger. */
export class NodeWebSocket extends WebSocket {
  constructor(url: URL) {
    super(url, { maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  }
}
