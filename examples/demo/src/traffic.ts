import { readFileSync } from "node:fs";
import { MessageProtocol } from "lacre";
import type { Recording } from "./recording-proxy.js";
import { webSocketMessages } from "./web-socket-frames.js";

/** The data of one recorded connection. */
export interface Traffic {
  readonly recording: Recording;
  /** The raw bytes, followed by the unmasked WebSocket messages in them. */
  readonly toServer: readonly Buffer[];
  readonly toClient: readonly Buffer[];
  /** The types of the frames, in both directions. */
  readonly types: ReadonlySet<string>;
  /** The client ids of the messages that the client sent. */
  readonly sentIds: ReadonlySet<string>;
  /** The client ids in the server's `ack` and `message` frames. Those in its answer to a resume are not included. */
  readonly ackedOrDeliveredIds: ReadonlySet<string>;
}

/** Reads the recorded connections and decodes their frames. */
export function readTraffic(recordings: readonly Recording[]): Traffic[] {
  return recordings.map((recording) => {
    const [rawToServer, rawToClient] = [recording.toServer, recording.toClient].map((path) =>
      readFileSync(path),
    ) as [Buffer, Buffer];
    const fromClient = webSocketMessages(rawToServer);
    const fromServer = webSocketMessages(rawToClient);
    const sent = fromClient.map((bytes) => MessageProtocol.fromBytes(bytes));
    const received = fromServer.map((bytes) => MessageProtocol.fromBytes(bytes));
    return {
      recording,
      toServer: [rawToServer, ...fromClient],
      toClient: [rawToClient, ...fromServer],
      types: new Set([...sent, ...received].map(({ type }) => type)),
      sentIds: clientIds(sent, ["message"]),
      ackedOrDeliveredIds: clientIds(received, ["ack", "message"]),
    };
  });
}

function clientIds(messages: readonly MessageProtocol[], types: readonly string[]): Set<string> {
  return new Set(
    messages
      .filter(({ type }) => types.includes(type))
      .map(({ payload }) => String(payload.client_id)),
  );
}
