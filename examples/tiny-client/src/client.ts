import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { createClient } from "lacre/client";
import { fileStorage } from "lacre/client/node";
import { type ChatKey, chatCipher } from "lacre/e2e";
import { WebSocket } from "ws";

export interface Chat {
  readonly url: string;
  readonly user_id: number;
  readonly session_key: Uint8Array;
  readonly chat_id: number;
  readonly key: ChatKey;
  readonly directory: string;
}

/** Sends the lines of `input` to a chat and prints its messages, until `input` ends. The next run sends what is unsent. */
export async function chat(options: Chat, input: Readable, output: Writable): Promise<void> {
  const { url, user_id, session_key, chat_id, key, directory } = options;
  const cipher = chatCipher(key);
  const client = createClient({
    ...{ user_id, session_key, WebSocket, url: () => url },
    storage: fileStorage(directory),
    chats: (id) => (id === chat_id ? cipher : undefined),
  });
  client.follow(chat_id);
  const report = (error: Error) => output.write(`not sent: ${error.message}\n`);
  createInterface({ input })
    .on("line", (text) => client.send(chat_id, { kind: "text", text }).catch(report))
    .on("close", () => client.stop());
  for await (const event of client) {
    if (event.type === "message" || event.type === "sent") {
      const { sender_id, content, unreadable } = event.message;
      const text = content?.kind === "text" ? content.text : `(${unreadable?.reason ?? "unknown"})`;
      output.write(`${sender_id}: ${text}\n`);
      client.receipts.read(chat_id);
    } else if (["online", "offline", "failed", "stopped"].includes(event.type)) {
      output.write(`[${event.type}]\n`);
    }
  }
}
