import * as z from "zod/mini";
import { defineMessage, SigningKey } from "../../src/index.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";

export const key = SigningKey.from("a secret that both ends share");
/** A message type that an application defines. */
export const Poll = defineMessage(
  "poll",
  z.object({ question: z.string(), votes: z.optional(z.int()) }),
);

/** The fields of a ChatMessage. */
export const chat = {
  chat_id: 42,
  sender_id: 7,
  content: counting(4),
  nonce: counting(12),
  timestamp: NOW,
};

export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
