import { type ChatMessage, defineMessage } from "lacre";
import * as z from "zod/mini";

/** Unix time in seconds at which all messages are written and opened. */
export const TIMESTAMP = 1_700_000_000.123;

/** Secrets from which each contender makes its keys. */
export const SIGNING_SECRET = /* @__PURE__ */ new Uint8Array(32).fill(7);
export const ENCRYPTION_SECRET = /* @__PURE__ */ Uint8Array.from({ length: 32 }, (_, at) => at + 1);

/** Makes a chat message with an encrypted content of `length` bytes. */
export function chatMessage(length: number): ChatMessage {
  const content = Uint8Array.from({ length }, (_, at) => (at * 31) % 256);
  return {
    chat_id: 42,
    sender_id: 7,
    content,
    nonce: new Uint8Array(12).fill(3),
    timestamp: TIMESTAMP,
  };
}

/** Schema of a letter, whose plaintext both ends have. Each contender encrypts and validates it. */
export const Letter = defineMessage(
  "letter",
  z.object({
    chat_id: z.int().check(z.positive()),
    sender_id: z.int().check(z.positive()),
    timestamp: z.number(),
    text: z.string(),
  }),
);
export type Letter = z.output<typeof Letter.schema>;

const WORDS =
  "si no que para como pero todo bien nos vemos a las ocho en casa de siempre trae pan y algo dime cuando llegues the of and to in is you that it he was for on are with as they be at one have this from or had by not what all were we when your can said there use an each which she do how their if".split(
    " ",
  );

/** Makes a letter with a text of `length` characters that compresses about as well as natural text. */
export function letter(length: number): Letter {
  let text = "";
  let state = 1;
  while (text.length < length) {
    state = (state * 48_271) % 0x7fff_ffff;
    text += `${WORDS[state % WORDS.length]} `;
  }
  return { chat_id: 42, sender_id: 7, timestamp: TIMESTAMP, text: text.slice(0, length) };
}
