import { ChatKey } from "lacre/e2e";
import { chat } from "./client.js";

const [url, userId, sessionKey, chatId, chatKey, directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: main.ts URL USER_ID SESSION_KEY CHAT_ID CHAT_KEY FOLDER (keys in base64)");
  process.exit(2);
}
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const options = {
  url: url!,
  user_id: Number(userId),
  session_key: bytes(sessionKey!),
  chat_id: Number(chatId),
  key: await ChatKey.from(bytes(chatKey!)),
  directory,
};
await chat(options, process.stdin, process.stdout);
