import { MAX_FRAME_BYTES } from "../../../limits.js";
import { type ChatMessage, StatusEvent } from "../../../messages/chat.js";
import { Resume } from "../../../messages/connection.js";
import type { Connection } from "../connection.js";
import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../failure.js";
import type { Sent, Stage } from "../stage.js";

/** Bob, who has not seen what alice wrote. */
async function aliceWrote(stage: Stage, count: number, fields: Partial<ChatMessage> = {}) {
  const pair = await stage.pair();
  const fromAlice = await stage.connect(pair.alice);
  const sent = await stage.converse(fromAlice, pair.alice, pair.chat_id, count, fields);
  return { ...pair, fromAlice, sent, fromBob: await stage.connect(pair.bob) };
}

async function resume(connection: Connection, question: Resume) {
  connection.send(Resume, question);
  return connection.next("message_list");
}

const idsOf = (messages: readonly ChatMessage[]) => messages.map(({ client_id }) => client_id);
const idsSent = (sent: readonly Sent[]) => sent.map(({ message }) => message.client_id);

/** How a client catches up (section 11, S-9, S-10, S-15 and S-17). */
export const resumes = [
  contractCase(
    "S-9",
    "a resume gives what came after it, in order and unchanged",
    async (stage) => {
      const { chat_id, sent, fromBob } = await aliceWrote(stage, 5);
      const { value } = await resume(fromBob, { chat_id, after: sent[1]!.ack.seq, limit: 100 });
      const expected = sent.slice(2);
      checkSame("the messages", idsOf(value.messages), idsSent(expected));
      for (const [at, { message, ack }] of expected.entries()) {
        const { seq, message_id } = ack;
        checkSame("a message", value.messages[at], { ...message, seq, message_id });
      }
    },
  ),
  contractCase(
    "S-9",
    "a resume from the beginning gives everything, to a member as to the other",
    async (stage) => {
      const { chat_id, sent, fromAlice, fromBob } = await aliceWrote(stage, 3);
      for (const connection of [fromAlice, fromBob]) {
        const { value } = await resume(connection, { chat_id, after: 0, limit: 100 });
        checkSame("the messages", idsOf(value.messages), idsSent(sent));
      }
    },
  ),
  contractCase(
    "S-9",
    "the answer to a resume says what it covers, up to the chat's last seq",
    async (stage) => {
      const { chat_id, sent, fromBob } = await aliceWrote(stage, 3);
      const [after, last] = [sent[0]!.ack.seq, sent[2]!.ack.seq];
      const { value } = await resume(fromBob, { chat_id, after, limit: 100 });
      checkSame("chat_id", value.chat_id, chat_id);
      checkSame("after", value.after, after);
      checkSame("through", value.through, last);
      checkSame("has_more", value.has_more, false);
    },
  ),
  contractCase(
    "S-15",
    "an answer that stops at the limit has more, and goes through its last seq",
    async (stage) => {
      const { chat_id, sent, fromBob } = await aliceWrote(stage, 5);
      const { value } = await resume(fromBob, { chat_id, after: 0, limit: 2 });
      checkSame("the messages", idsOf(value.messages), idsSent(sent.slice(0, 2)));
      checkSame("has_more", value.has_more, true);
      checkSame("through", value.through, sent[1]!.ack.seq);
    },
  ),
  contractCase(
    "S-15",
    "who goes on from through until nothing more gets each message once",
    async (stage) => {
      const { chat_id, sent, fromBob } = await aliceWrote(stage, 7);
      const got: ChatMessage[] = [];
      let after = 0;
      for (let page = 0; page < 7; page++) {
        const { value } = await resume(fromBob, { chat_id, after, limit: 3 });
        got.push(...value.messages);
        if (!value.has_more) break;
        check((value.through ?? 0) > after, `a through past ${after}`, value.through);
        after = value.through!;
      }
      checkSame("the messages", idsOf(got), idsSent(sent));
    },
  ),
  contractCase(
    "S-15",
    "an answer that would be too long for a frame stops before, and has more",
    async (stage) => {
      const content = new Uint8Array(500_000);
      const { chat_id, sent, fromBob } = await aliceWrote(stage, 3, { content });
      const { value, message } = await resume(fromBob, { chat_id, after: 0, limit: 100 });
      const { length } = message.toBytes();
      check(length <= MAX_FRAME_BYTES, `a frame of at most ${MAX_FRAME_BYTES} bytes`, length);
      check(value.messages.length > 0, "at least one message", value.messages.length);
      checkSame("has_more", value.has_more, true);
      checkSame("through", value.through, sent[value.messages.length - 1]!.ack.seq);
    },
  ),
  contractCase(
    "S-9",
    "a resume at the end is answered with nothing, and no more",
    async (stage) => {
      const { chat_id, sent, fromBob } = await aliceWrote(stage, 2);
      const after = sent[1]!.ack.seq;
      const { value } = await resume(fromBob, { chat_id, after, limit: 100 });
      checkSame("the messages", value.messages, []);
      checkSame("has_more", value.has_more, false);
      checkSame("through", value.through, after);
    },
  ),
  contractCase(
    "S-10",
    "a resume past the end is answered with the end, which is before",
    async (stage) => {
      const { chat_id, sent, fromBob } = await aliceWrote(stage, 1);
      const { value } = await resume(fromBob, { chat_id, after: 1000, limit: 100 });
      checkSame("after", value.after, 1000);
      checkSame("through", value.through, sent[0]!.ack.seq);
    },
  ),
  contractCase("S-14", "a resume that is refused is named by its chat", async (stage) => {
    const { bob } = await stage.pair();
    const [carol, dave] = [await stage.user(), await stage.user()];
    const chat_id = await stage.chat(carol, dave);
    const connection = await stage.connect(bob);
    connection.send(Resume, { chat_id, after: 0, limit: 100 });
    const { details } = await connection.nextError("ERR_FORBIDDEN");
    checkSame("details.resume", details?.resume, chat_id);
  }),
  contractCase(
    "S-17",
    "after all is caught up come the marks that were made meanwhile",
    async (stage) => {
      const { alice, bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(stage, 2);
      const { seq } = sent[0]!.ack;
      fromAlice.end();
      fromBob.send(StatusEvent, { event_type: "read", user_id: bob.id, chat_id, seq });
      await fromBob.isQuiet();
      const again = await stage.connect(alice);
      await resume(again, { chat_id, after: 0, limit: 100 });
      const { value } = await again.next("status", "read", (one) => one.event_type === "read");
      checkSame("whose mark it is", value.user_id, bob.id);
      checkSame("the mark's chat_id", value.chat_id, chat_id);
      checkSame("the mark's seq", value.seq, seq);
    },
  ),
];
