import { StatusEvent } from "../../../messages/chat.js";
import { contractCase } from "../contract-case.js";
import { checkSame } from "../failure.js";
import type { Stage, User } from "../stage.js";

type EventType = StatusEvent["event_type"];

/** Alice and bob, both connected, and some messages of hers that he was sent. */
async function aliceWrote(stage: Stage, count: number) {
  const pair = await stage.pair();
  const offer = { capabilities: ["delivered"] };
  const fromAlice = await stage.connect(pair.alice, offer);
  const fromBob = await stage.connect(pair.bob, offer);
  const sent = await stage.converse(fromAlice, pair.alice, pair.chat_id, count);
  for (const _ of sent) await fromBob.next("message");
  return { ...pair, fromAlice, fromBob, sent };
}

async function unreadOf(stage: Stage, { token }: User): Promise<number> {
  return (await stage.granted("GET", "/chats", 200, { token })).body?.chats?.[0]?.unread;
}

const ofType = (type: EventType) => (value: StatusEvent) => value.event_type === type;

/** Marks and other statuses (section 11, S-13, S-16 and the table). */
export const marks = [
  contractCase(
    "S-19",
    "who wrote is told what the other has read, and up to where",
    async (stage) => {
      const { bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(stage, 2);
      const { seq } = sent[0]!.ack;
      fromBob.send(StatusEvent, { event_type: "read", user_id: bob.id, chat_id, seq });
      const { value } = await fromAlice.next("status", "read", ofType("read"));
      checkSame("user_id", value.user_id, bob.id);
      checkSame("chat_id", value.chat_id, chat_id);
      checkSame("seq", value.seq, seq);
    },
  ),
  contractCase("H-8", "unread counts what the other wrote and is not read", async (stage) => {
    const { alice, bob, chat_id, fromBob, sent } = await aliceWrote(stage, 3);
    checkSame("unread of who reads", await unreadOf(stage, bob), 3);
    checkSame("unread of who wrote", await unreadOf(stage, alice), 0);
    const { seq } = sent[2]!.ack;
    fromBob.send(StatusEvent, { event_type: "read", user_id: bob.id, chat_id, seq });
    await fromBob.isQuiet();
    checkSame("unread after reading", await unreadOf(stage, bob), 0);
  }),
  contractCase("S-16", "read without seq is all that the connection was sent", async (stage) => {
    const { bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(stage, 2);
    fromBob.send(StatusEvent, { event_type: "read", user_id: bob.id, chat_id });
    const { value } = await fromAlice.next("status", "read", ofType("read"));
    checkSame("seq", value.seq, sent[1]!.ack.seq);
  }),
  contractCase(
    "S-19",
    "a mark past the chat's last seq is refused, and told to nobody",
    async (stage) => {
      const { bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(stage, 2);
      const seq = sent[1]!.ack.seq + 1;
      fromBob.send(StatusEvent, { event_type: "read", user_id: bob.id, chat_id, seq });
      await fromBob.nextError("ERR_SEQ_AHEAD");
      await fromBob.isQuiet();
      await fromAlice.isQuiet();
    },
  ),
  contractCase("S-13", "a mark in another's name is refused, and not rewritten", async (stage) => {
    const { alice, chat_id, fromAlice, fromBob, sent } = await aliceWrote(stage, 1);
    const { seq } = sent[0]!.ack;
    fromBob.send(StatusEvent, { event_type: "read", user_id: alice.id, chat_id, seq });
    await fromBob.nextError("ERR_FORBIDDEN");
    await fromAlice.isQuiet();
  }),
  contractCase("S-19", "typing is told to the other member", async (stage) => {
    const { alice, bob, chat_id, fromAlice, fromBob } = await aliceWrote(stage, 1);
    fromAlice.send(StatusEvent, { event_type: "typing", user_id: alice.id, chat_id });
    const { value } = await fromBob.next("status", "typing", ofType("typing"));
    checkSame("user_id", value.user_id, alice.id);
    fromBob.send(StatusEvent, { event_type: "typing", user_id: bob.id, chat_id });
    await fromAlice.next("status", "typing", ofType("typing"));
  }),
  contractCase("S-19", "an event that nobody knows is refused", async (stage) => {
    const { bob, chat_id, fromBob } = await aliceWrote(stage, 1);
    fromBob.send(StatusEvent, { event_type: "user_online", user_id: bob.id, chat_id });
    await fromBob.nextError();
    await fromBob.isQuiet();
  }),
];
