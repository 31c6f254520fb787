import { type ChatMessage, defineMessage } from "lacre";
import * as z from "zod/mini";

/** When all messages of the bench were written, and when they are opened: Unix time in seconds. */
export const TIMESTAMP = 1_700_000_000.123;

/** The secrets that every contender's keys are made of. */
export const SIGNING_SECRET = /* @__PURE__ */ new Uint8Array(32).fill(7);
export const SEALING_SECRET = /* @__PURE__ */ Uint8Array.from({ length: 32 }, (_, at) => at + 1);

/** A chat message with `length` bytes that someone encrypted before. */
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

/** What is said in the clear at both ends, for those who seal it on the way; every contender checks it. */
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

/** A letter with a text of `length` characters, which compresses about as well as people's do. */
export function letter(length: number): Letter {
  let text = "";
  let state = 1;
  while (text.length < length) {
    state = (state * 48_271) % 0x7fff_ffff;
    text += `${WORDS[state % WORDS.length]} `;
  }
  return { chat_id: 42, sender_id: 7, timestamp: TIMESTAMP, text: text.slice(0, length) };
}
