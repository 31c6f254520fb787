import { MessageListResponse } from "../../../messages/lists.js";
import { httpCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import type { HttpUser } from "../http-accounts.js";
import type { HttpFixture } from "../http-fixture.js";

type Hours = number | null;

/** Creates a chat of Alice and Bob with messages of Alice. */
async function aliceWrote(fixture: HttpFixture, count: number) {
  const pair = await fixture.pair();
  const fromAlice = await fixture.connect(pair.alice);
  const sent = await fixture.sendMany(fromAlice, pair.alice, pair.chat_id, count);
  return { ...pair, fromAlice, sent };
}

async function set(
  fixture: HttpFixture,
  { token }: HttpUser,
  chatId: number,
  auto_delete_hours: Hours,
) {
  const body = { auto_delete_hours };
  return (await fixture.expectStatus("PATCH", `/chats/${chatId}/config`, 200, { token, body }))
    .body;
}

async function entryOf(fixture: HttpFixture, { token }: HttpUser, chatId: number) {
  return (await fixture.expectStatus("GET", `/chats/${chatId}`, 200, { token })).body;
}

/** Expiry of messages (docs/PROTOCOL.md, section 11, S-20 to S-22, and H-14). No case waits for an hour. */
export const autoDelete = [
  httpCase("H-14", "lets either member set auto_delete_hours for both", async (fixture) => {
    const { alice, bob, chat_id } = await aliceWrote(fixture, 1);
    for (const [user, hours] of [
      [alice, 1],
      [bob, 87_600],
    ] as const) {
      await set(fixture, user, chat_id, hours);
      for (const member of [alice, bob]) {
        const { auto_delete_hours } = await entryOf(fixture, member, chat_id);
        checkSame("auto_delete_hours", auto_delete_hours, hours);
      }
    }
    await set(fixture, alice, chat_id, null);
    checkSame("it", (await entryOf(fixture, bob, chat_id)).auto_delete_hours, undefined);
    await fixture.expectStored(bob, chat_id, 1);
  }),
  httpCase("H-14", "rejects auto_delete_hours out of range", async (fixture) => {
    const { alice, chat_id } = await aliceWrote(fixture, 1);
    const { token } = alice;
    for (const auto_delete_hours of [0, -1, 1.5, 87_601, "1"]) {
      const body = { auto_delete_hours };
      await fixture.expectError("PATCH", `/chats/${chat_id}/config`, 422, { token, body });
    }
    checkSame("it", (await entryOf(fixture, alice, chat_id)).auto_delete_hours, undefined);
  }),
  httpCase(
    "H-14",
    "counts the messages that a change would delete, and deletes none",
    async (fixture) => {
      const { alice, bob, chat_id } = await aliceWrote(fixture, 2);
      const { token } = bob;
      const path = `/chats/${chat_id}/expiring?auto_delete_hours=1`;
      const { body } = await fixture.expectStatus("GET", path, 200, { token });
      checkSame("count", body.count, 0);
      checkSame("has_more", body.has_more, false);
      await fixture.expectStored(alice, chat_id, 2);
      checkSame("it", (await entryOf(fixture, alice, chat_id)).auto_delete_hours, undefined);
      const stranger = await fixture.user();
      await fixture.expectError("GET", path, 404, { token: stranger.token });
    },
  ),
  httpCase(
    "S-22",
    "names the member who changed auto_delete_hours, and the last message before the change",
    async (fixture) => {
      const { alice, bob, chat_id, sent } = await aliceWrote(fixture, 2);
      await set(fixture, bob, chat_id, 24);
      const { auto_delete_change: change } = await entryOf(fixture, alice, chat_id);
      checkSame("user_id", change?.user_id, bob.id);
      checkSame("after", change?.after, sent[1]!.ack.seq);
      check(change.changed_at >= sent[1]!.ack.stored_at, "changed_at after the message", change);
      await set(fixture, alice, chat_id, 24);
      const { auto_delete_change } = await entryOf(fixture, bob, chat_id);
      checkSame("the change, where the value was set again", auto_delete_change, change);
    },
  ),
  httpCase(
    "S-22",
    "sends chat_changed to members that announced the capability only",
    async (fixture) => {
      const { alice, bob, chat_id, fromAlice } = await aliceWrote(fixture, 1);
      const carol = await fixture.user();
      const offer = { capabilities: ["chat_changed"] };
      const [toAlice, toBob] = [
        await fixture.connect(alice, offer),
        await fixture.connect(bob, offer),
      ];
      const toCarol = await fixture.connect(carol, offer);
      await set(fixture, bob, chat_id, 1);
      for (const connection of [toAlice, toBob]) {
        const isExpected = ({ event_type }: { event_type: string }) =>
          event_type === "chat_changed";
        const { value } = await connection.next("status", "chat_changed", isExpected);
        checkSame("user_id", value.user_id, bob.id);
        checkSame("chat_id", value.chat_id, chat_id);
      }
      await toCarol.expectNothing();
      await fromAlice.expectNothing();
    },
  ),
  httpCase(
    "S-20",
    "gives a message the stored_at of its ack, when delivered and in lists",
    async (fixture) => {
      const { alice, bob, chat_id } = await fixture.pair();
      const fromAlice = await fixture.connect(alice);
      const toBob = await fixture.connect(bob);
      const [sent] = await fixture.sendMany(fromAlice, alice, chat_id, 1, { timestamp: 1 });
      const { stored_at } = sent!.ack;
      const delivered = await fixture.delivered(toBob);
      checkSame("stored_at of the message", delivered.stored_at, stored_at);
      const { token } = bob;
      const { body } = await fixture.expectStatus("GET", `/chats/${chat_id}/messages`, 200, {
        token,
      });
      const [listed] = MessageListResponse.parse(body).messages;
      checkSame("stored_at in the list", listed?.stored_at, stored_at);
    },
  ),
  httpCase("S-20", "does not expire a message by its sender's clock", async (fixture) => {
    const { alice, bob, chat_id } = await fixture.pair();
    const fromAlice = await fixture.connect(alice);
    await set(fixture, bob, chat_id, 1);
    await fixture.sendMany(fromAlice, alice, chat_id, 1, { timestamp: 1 });
    await fixture.expectStored(bob, chat_id, 1);
  }),
];
