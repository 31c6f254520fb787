import { unixNow } from "../../../clock.js";
import type { StatusEvent } from "../../../messages/chat.js";
import { websocketCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import type { Fixture } from "../fixture.js";

type EventType = StatusEvent["event_type"];

/** Connects Alice and Bob, sends messages of Alice, and delivers them to Bob. */
async function aliceWrote(fixture: Fixture, count: number) {
  const pair = await fixture.pair();
  const offer = { capabilities: ["delivered", "chat_changed"] };
  const fromAlice = await fixture.connect(pair.alice, offer);
  const fromBob = await fixture.connect(pair.bob, offer);
  const sent = await fixture.sendMany(fromAlice, pair.alice, pair.chat_id, count);
  for (const _ of sent) await fixture.delivered(fromBob);
  return { ...pair, fromAlice, fromBob, sent };
}

/** More than a server may deliver while it handles them, unless it is very slow. */
const TYPING_EVENTS = 20;

const ofType = (type: EventType) => (value: StatusEvent) => value.event_type === type;

/** Receipts and other status events (docs/PROTOCOL.md, section 11, S-13, S-16 and the table). */
export const receipts = [
  websocketCase("S-19", "sends read receipts with their seq to the author", async (fixture) => {
    const { bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(fixture, 2);
    const { seq } = sent[0]!.ack;
    fromBob.send("status", { event_type: "read", user_id: bob.id, chat_id, seq });
    const { value } = await fromAlice.next("status", "read", ofType("read"));
    checkSame("user_id", value.user_id, bob.id);
    checkSame("chat_id", value.chat_id, chat_id);
    checkSame("seq", value.seq, seq);
  }),
  websocketCase(
    "S-16",
    "treats read without a seq as all messages sent on the connection",
    async (fixture) => {
      const { bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(fixture, 2);
      fromBob.send("status", { event_type: "read", user_id: bob.id, chat_id });
      const { value } = await fromAlice.next("status", "read", ofType("read"));
      checkSame("seq", value.seq, sent[1]!.ack.seq);
    },
    { dependsOn: ["sends read receipts with their seq to the author"] },
  ),
  websocketCase(
    "S-19",
    "rejects a receipt past the chat's last seq, and sends it to no one",
    async (fixture) => {
      const { bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(fixture, 2);
      const seq = sent[1]!.ack.seq + 1;
      fromBob.send("status", { event_type: "read", user_id: bob.id, chat_id, seq });
      const { details } = await fromBob.nextError("ERR_SEQ_AHEAD");
      checkSame("details.mark", details?.mark, "read");
      checkSame("details.chat_id", details?.chat_id, chat_id);
      await fromBob.expectNothing();
      await fromAlice.expectNothing();
    },
  ),
  websocketCase(
    "S-16a",
    "stores and sends no receipt that is not past the stored one",
    async (fixture) => {
      const { alice, bob, chat_id, fromAlice, fromBob, sent } = await aliceWrote(fixture, 2);
      const read = (seq: number) =>
        fromBob.send("status", { event_type: "read", user_id: bob.id, chat_id, seq });
      const [first, second] = sent.map(({ ack }) => ack.seq);
      read(second!);
      await fromAlice.next("status", "read", ofType("read"));
      for (const seq of [first!, second!]) {
        read(seq);
        await fromBob.expectNothing();
        await fromAlice.expectNothing();
      }
      const again = await fixture.connect(alice);
      again.send("resume", { chat_id, after: 0, limit: 100 });
      const { value } = await again.next("status", "read", ofType("read"));
      checkSame("the stored seq", value.seq, second);
    },
    {
      dependsOn: [
        "sends read receipts with their seq to the author",
        "sends receipts that were created in the meantime after a resume",
      ],
    },
  ),
  websocketCase(
    "S-19a",
    "sends receipts to the other connections of their sender too",
    async (fixture) => {
      const { bob, chat_id, fromBob, sent } = await aliceWrote(fixture, 1);
      const other = await fixture.connect(bob, { capabilities: ["delivered"] });
      const { seq } = sent[0]!.ack;
      for (const event_type of ["delivered", "read"] as const) {
        fromBob.send("status", { event_type, user_id: bob.id, chat_id, seq });
        const { value } = await other.next("status", event_type, ofType(event_type));
        checkSame("seq", value.seq, seq);
      }
      await fromBob.expectNothing();
    },
  ),
  websocketCase(
    "S-19a",
    "sends typing to the other member only, at most once a second",
    async (fixture) => {
      const { alice, chat_id, fromAlice, fromBob } = await aliceWrote(fixture, 1);
      const other = await fixture.connect(alice);
      const start = unixNow();
      for (let count = 0; count < TYPING_EVENTS; count++) {
        fromAlice.send("status", { event_type: "typing", user_id: alice.id, chat_id });
      }
      await fromAlice.expectNothing();
      const received = (await fromBob.rest()).length;
      // All were sent between the start and now, however long that took.
      const most = 1 + Math.floor(unixNow() - start);
      check(received <= most, `at most ${most} events`, received);
      await other.expectNothing();
    },
    { dependsOn: ["delivers typing to the other member"] },
  ),
  websocketCase("S-13", "rejects a receipt in another user's name", async (fixture) => {
    const { alice, chat_id, fromAlice, fromBob, sent } = await aliceWrote(fixture, 1);
    const { seq } = sent[0]!.ack;
    fromBob.send("status", { event_type: "read", user_id: alice.id, chat_id, seq });
    await fromBob.nextError("ERR_FORBIDDEN");
    await fromAlice.expectNothing();
  }),
  websocketCase("S-19a", "delivers typing to the other member", async (fixture) => {
    const { alice, bob, chat_id, fromAlice, fromBob } = await aliceWrote(fixture, 1);
    fromAlice.send("status", { event_type: "typing", user_id: alice.id, chat_id });
    const { value } = await fromBob.next("status", "typing", ofType("typing"));
    checkSame("user_id", value.user_id, alice.id);
    fromBob.send("status", { event_type: "typing", user_id: bob.id, chat_id });
    await fromAlice.next("status", "typing", ofType("typing"));
  }),
  websocketCase("S-19", "rejects an event that only servers send", async (fixture) => {
    const { bob, chat_id, fromAlice, fromBob } = await aliceWrote(fixture, 1);
    for (const event_type of ["user_online", "user_offline", "chat_changed"] as const) {
      fromBob.send("status", { event_type, user_id: bob.id, chat_id });
      await fromBob.nextError("ERR_UNSUPPORTED");
    }
    await fromBob.expectNothing();
    await fromAlice.expectNothing();
  }),
];
