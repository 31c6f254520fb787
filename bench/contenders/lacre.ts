import { ChatMessage, MessageProtocol, SigningKey } from "lacre";
import { ChatKey, decryptMessage, encryptMessage } from "lacre/e2e";
import { ENCRYPTION_SECRET, type Letter, SIGNING_SECRET, TIMESTAMP } from "../messages.js";
import type { Contender, Entrant, Packet } from "./contender.js";

const key = SigningKey.from(SIGNING_SECRET);
const now = { key, now: TIMESTAMP };

function signing(wire: 1 | 2) {
  const options = { wire, timestamp: TIMESTAMP };
  return {
    name: `lacre, wire ${wire}`,
    write: (message: ChatMessage) => ChatMessage.toProtocol(message, key, options).toBytes(),
    read: (frame: Packet) =>
      ChatMessage.fromProtocol(MessageProtocol.open(frame as Uint8Array, now)),
  };
}

function encrypting(wire: 1 | 2, chatKey: ChatKey): Contender<Letter> {
  const outer = signing(wire);
  return {
    name: outer.name,
    async write({ text, ...header }) {
      return outer.write(
        await encryptMessage(chatKey, { ...header, content: { kind: "text", text } }),
      );
    },
    async read(frame) {
      const message = outer.read(frame);
      const content = await decryptMessage(chatKey, message);
      if (content.kind !== "text") throw new Error("not a text");
      const { chat_id, sender_id, timestamp } = message;
      return { chat_id, sender_id, timestamp, text: content.text };
    },
  };
}

export async function lacre(): Promise<Entrant> {
  const chatKey = await ChatKey.from(ENCRYPTION_SECRET);
  return {
    signing: [signing(2), signing(1)],
    encrypting: [encrypting(2, chatKey), encrypting(1, chatKey)],
  };
}
