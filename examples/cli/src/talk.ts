import type { Account } from "./account.js";
import type { Frame, LiveConnection } from "./live-connection.js";
import type { OpenChat } from "./open-chat.js";
import type { Output } from "./output.js";
import type { Reader } from "./reader.js";
import type { Sender } from "./sender.js";

/** A chat and what a command does in it. */
export interface Participation {
  readonly chat: OpenChat;
  readonly sender?: Sender;
  readonly reader?: Reader;
}

/** Shows what was missed, then does `work` while everything that comes in is handled; closes the connection. */
export async function talk(
  {
    account,
    connection,
    participations,
    output,
  }: {
    readonly account: Account;
    readonly connection: LiveConnection;
    readonly participations: readonly Participation[];
    readonly output: Output;
  },
  work: () => Promise<void>,
): Promise<void> {
  try {
    for (const { chat, reader } of participations) {
      account.pin(chat);
      await reader?.catchUp();
    }
    output.ready();
    const handling = handleFrames(connection, participations, output);
    const working = work().then(() => connection.close());
    await Promise.all([handling, working]);
  } finally {
    connection.close();
    process.stdin.destroy();
  }
}

async function handleFrames(
  connection: LiveConnection,
  participations: readonly Participation[],
  output: Output,
): Promise<void> {
  for await (const frame of connection.frames()) {
    if (frame.type === "error") showError(frame, participations, output);
    if (frame.type === "error" || frame.type === "unknown") continue;
    const { chat_id } = frame.value;
    const participation = participations.find(({ chat }) => chat.chat_id === chat_id);
    if (participation !== undefined) await handleFrame(frame, participation, output);
  }
}

async function handleFrame(
  frame: Frame,
  { chat, sender, reader }: Participation,
  output: Output,
): Promise<void> {
  if (frame.type === "ack") {
    sender?.onAck(frame.value);
    await reader?.take(frame.value.seq);
  }
  if (frame.type === "message" && frame.value.seq !== undefined) {
    await reader?.take(frame.value.seq, frame.value);
  }
  if (frame.type === "status" && reader !== undefined) {
    const { event_type, user_id, seq } = frame.value;
    if (event_type !== "read" || user_id !== chat.peer_id || seq === undefined) return;
    output.read({ chat_id: chat.chat_id, user_id, by: chat.peer_name, seq });
  }
}

function showError(
  { value }: Extract<Frame, { type: "error" }>,
  participations: readonly Participation[],
  output: Output,
): void {
  for (const { sender } of participations) sender?.onError(value);
  output.error(value.error_code, value.error_message);
}
