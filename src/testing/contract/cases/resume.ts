import { MAX_FRAME_BYTES } from "../../../limits.js";
import type { ChatMessage } from "../../../messages/chat.js";
import type { Resume } from "../../../messages/connection.js";
import type { Connection } from "../connection.js";
import { websocketCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import type { Fixture, Sent } from "../fixture.js";

/** Creates a chat of Alice and Bob with messages of Alice, and connects Bob after they were sent. */
async function aliceWrote(fixture: Fixture, count: number, fields: Partial<ChatMessage> = {}) {
  const pair = await fixture.pair();
  const fromAlice = await fixture.connect(pair.alice);
  const sent = await fixture.sendMany(fromAlice, pair.alice, pair.chat_id, count, fields);
  return { ...pair, fromAlice, sent, fromBob: await fixture.connect(pair.bob) };
}

async function resume(connection: Connection, question: Resume) {
  connection.send("resume", question);
  return connection.next("message_list");
}

const idsOf = (messages: readonly ChatMessage[]) => messages.map(({ client_id }) => client_id);
const idsSent = (sent: readonly Sent[]) => sent.map(({ message }) => message.client_id);

const afterFirst = {
  dependsOn: ["answers a resume from the beginning with all messages, to either member"],
};
const afterRange = {
  dependsOn: ["names the range that the answer to a resume covers, up to the chat's last seq"],
};

/** Requests for missed messages (docs/PROTOCOL.md, section 11, S-9, S-10, S-15 and S-17). */
export const resumes = [
  websocketCase(
    "S-9",
    "answers a resume with the messages after it, in order and unchanged",
    async (fixture) => {
      const { chat_id, sent, fromBob } = await aliceWrote(fixture, 5);
      const { value } = await resume(fromBob, { chat_id, after: sent[1]!.ack.seq, limit: 100 });
      const expected = sent.slice(2);
      checkSame("the messages", idsOf(value.messages), idsSent(expected));
      for (const [at, { message, ack }] of expected.entries()) {
        const { seq, message_id, stored_at } = ack;
        checkSame("a message", value.messages[at], { ...message, seq, message_id, stored_at });
      }
    },
    afterFirst,
  ),
  websocketCase(
    "S-9",
    "answers a resume from the beginning with all messages, to either member",
    async (fixture) => {
      const { chat_id, sent, fromAlice, fromBob } = await aliceWrote(fixture, 3);
      for (const connection of [fromAlice, fromBob]) {
        const { value } = await resume(connection, { chat_id, after: 0, limit: 100 });
        checkSame("the messages", idsOf(value.messages), idsSent(sent));
      }
    },
  ),
  websocketCase(
    "S-9",
    "names the range that the answer to a resume covers, up to the chat's last seq",
    async (fixture) => {
      const { chat_id, sent, fromBob } = await aliceWrote(fixture, 3);
      const [after, last] = [sent[0]!.ack.seq, sent[2]!.ack.seq];
      const { value } = await resume(fromBob, { chat_id, after, limit: 100 });
      checkSame("chat_id", value.chat_id, chat_id);
      checkSame("after", value.after, after);
      checkSame("through", value.through, last);
      checkSame("has_more", value.has_more, false);
    },
    afterFirst,
  ),
  websocketCase(
    "S-15",
    "stops at the limit, with has_more true and through at the last seq",
    async (fixture) => {
      const { chat_id, sent, fromBob } = await aliceWrote(fixture, 5);
      const { value } = await resume(fromBob, { chat_id, after: 0, limit: 2 });
      checkSame("the messages", idsOf(value.messages), idsSent(sent.slice(0, 2)));
      checkSame("has_more", value.has_more, true);
      checkSame("through", value.through, sent[1]!.ack.seq);
    },
    afterRange,
  ),
  websocketCase(
    "S-15",
    "returns each message once over consecutive pages",
    async (fixture) => {
      const { chat_id, sent, fromBob } = await aliceWrote(fixture, 7);
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
    afterRange,
  ),
  websocketCase(
    "S-15",
    "stops before the answer exceeds a frame, with has_more true",
    async (fixture) => {
      const content = new Uint8Array(500_000);
      const { chat_id, sent, fromBob } = await aliceWrote(fixture, 3, { content });
      const { value, message } = await resume(fromBob, { chat_id, after: 0, limit: 100 });
      const { length } = message.toBytes();
      check(length <= MAX_FRAME_BYTES, `a frame of at most ${MAX_FRAME_BYTES} bytes`, length);
      check(value.messages.length > 0, "at least one message", value.messages.length);
      checkSame("has_more", value.has_more, true);
      checkSame("through", value.through, sent[value.messages.length - 1]!.ack.seq);
    },
    afterRange,
  ),
  websocketCase(
    "S-9",
    "answers a resume at the end with an empty list and has_more false",
    async (fixture) => {
      const { chat_id, sent, fromBob } = await aliceWrote(fixture, 2);
      const after = sent[1]!.ack.seq;
      const { value } = await resume(fromBob, { chat_id, after, limit: 100 });
      checkSame("the messages", value.messages, []);
      checkSame("has_more", value.has_more, false);
      checkSame("through", value.through, after);
    },
    afterRange,
  ),
  websocketCase(
    "S-10",
    "answers a resume past the end with the chat's last seq",
    async (fixture) => {
      const { chat_id, sent, fromBob } = await aliceWrote(fixture, 1);
      const { value } = await resume(fromBob, { chat_id, after: 1000, limit: 100 });
      checkSame("after", value.after, 1000);
      checkSame("through", value.through, sent[0]!.ack.seq);
    },
    afterRange,
  ),
  websocketCase(
    "S-14",
    "names the chat of a rejected resume",
    async (fixture) => {
      const { bob } = await fixture.pair();
      const [carol, dave] = [await fixture.user(), await fixture.user()];
      const chat_id = await fixture.chat(carol, dave);
      const connection = await fixture.connect(bob);
      connection.send("resume", { chat_id, after: 0, limit: 100 });
      const { details } = await connection.nextError("ERR_FORBIDDEN");
      checkSame("details.resume", details?.resume, chat_id);
    },
    { dependsOn: ["rejects a resume of a non-member, or of an unknown chat"] },
  ),
  websocketCase(
    "S-17",
    "sends receipts that were created in the meantime after a resume",
    async (fixture) => {
      const { alice, bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(fixture, 2);
      const { seq } = sent[0]!.ack;
      fromAlice.end();
      fromBob.send("status", { event_type: "read", user_id: bob.id, chat_id, seq });
      await fromBob.expectNothing();
      const again = await fixture.connect(alice);
      await resume(again, { chat_id, after: 0, limit: 100 });
      const { value } = await again.next("status", "read", (one) => one.event_type === "read");
      checkSame("the receipt's user_id", value.user_id, bob.id);
      checkSame("the receipt's chat_id", value.chat_id, chat_id);
      checkSame("the receipt's seq", value.seq, seq);
    },
    { dependsOn: [...afterFirst.dependsOn, "sends read receipts with their seq to the author"] },
  ),
];
