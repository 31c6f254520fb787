import { readFileSync } from "node:fs";
import { MessageProtocol } from "lacre";
import type { Recording } from "./recording-proxy.js";
import { webSocketMessages } from "./web-socket-frames.js";

/** What one recorded connection carried. */
export interface Traffic {
  readonly recording: Recording;
  /** The bytes as they went by, and the WebSocket messages in them as their receiver sees them. */
  readonly toServer: readonly Buffer[];
  readonly toClient: readonly Buffer[];
  /** The types of its frames, in both directions. */
  readonly types: ReadonlySet<string>;
  /** The client ids of the messages that a client sent on it. */
  readonly sentIds: ReadonlySet<string>;
  /**
   * The client ids that the server acknowledged on it, and those of the messages that it delivered by themselves: not
   * those in the answer to a resume.
   */
  readonly announcedIds: ReadonlySet<string>;
}

export function readTraffic(recordings: readonly Recording[]): Traffic[] {
  return recordings.map((recording) => {
    const [rawToServer, rawToClient] = [recording.toServer, recording.toClient].map((path) =>
      readFileSync(path),
    ) as [Buffer, Buffer];
    const fromClient = webSocketMessages(rawToServer);
    const fromServer = webSocketMessages(rawToClient);
    const sent = fromClient.map((bytes) => MessageProtocol.fromBytes(bytes));
    const answered = fromServer.map((bytes) => MessageProtocol.fromBytes(bytes));
    return {
      recording,
      toServer: [rawToServer, ...fromClient],
      toClient: [rawToClient, ...fromServer],
      types: new Set([...sent, ...answered].map(({ type }) => type)),
      sentIds: clientIds(sent, ["message"]),
      announcedIds: clientIds(answered, ["ack", "message"]),
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
