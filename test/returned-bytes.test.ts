import { expect, it } from "vitest";
import { ChatKey, createChatKey, decrypt, encrypt } from "../src/e2e/index.js";
import { ChatMessage, deriveSessionKey, MessageProtocol, SigningKey } from "../src/index.js";
import {
  acceptHello,
  directionKeys,
  encodeHttpAnswer,
  messageDigest,
} from "../src/server/index.js";
import { Session } from "../src/session/index.js";

const NOW = 1_700_000_000;

/** Returns bytes that are in a SharedArrayBuffer. */
function shared(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length)).fill(7);
}

// Pages have shared memory only if they are isolated from other origins.
it.runIf(typeof SharedArrayBuffer !== "undefined")(
  "returns bytes in an ArrayBuffer, also if it is given shared memory",
  async () => {
    const key = SigningKey.from(shared(32));
    const session_key = shared(32);
    const message = {
      ...{ chat_id: 42, sender_id: 7, timestamp: NOW },
      ...{ content: shared(16), nonce: shared(12) },
    };
    const signed = ([1, 2] as const).map((wire) =>
      ChatMessage.toProtocol(message, key, { wire, timestamp: NOW }),
    );
    const received = signed.map((one) => {
      const frame = shared(one.toBytes().length);
      frame.set(one.toBytes());
      return MessageProtocol.open(frame, { key, now: NOW });
    });
    const session = new Session({ session_key, user_id: 7 });
    session.handle({ type: "tick" }, NOW);
    const actions = session.handle({ type: "connected" }, NOW);
    const transmitted = actions.flatMap((one) => (one.type === "transmit" ? [one.bytes] : []));
    const { frame, channel } = acceptHello(
      transmitted[0],
      session_key,
      { capabilities: [], limits: {}, heartbeat: 30 },
      NOW,
    );
    const chatKey = await ChatKey.from(shared(32), { extractable: true });
    const encrypted = await encrypt(chatKey, shared(9), { aad: shared(9) });
    const { salt, key_check } = await createChatKey("café con leche", { iterations: 100_000 });
    const answerKey = directionKeys(session_key).server;
    const returned = {
      frames: [...signed, ...received].map((one) => one.toBytes()),
      identities: received.map((one) => one.identity),
      transmitted,
      connection: [frame, channel.encode(ChatMessage, message, NOW)],
      answer: encodeHttpAnswer(ChatMessage, message, { key: answerKey, request: shared(32) }),
      digest: messageDigest(message),
      sessionKey: deriveSessionKey(shared(32), shared(16)),
      chatKey: [chatKey.check, chatKey.export(), await chatKey.encryptCheck(), salt, key_check],
      encrypted: Object.values(encrypted),
      decrypted: await decrypt(chatKey, encrypted, { aad: shared(9) }),
    };
    for (const [name, arrays] of Object.entries(returned)) {
      for (const bytes of [arrays].flat()) expect(bytes.buffer, name).toBeInstanceOf(ArrayBuffer);
    }
  },
);
