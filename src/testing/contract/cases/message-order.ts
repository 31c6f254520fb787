import { websocketCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import type { Fixture } from "../fixture.js";

/** Returns messages of Alice in a chat with Bob, each of which names the one before it, and her connection. */
async function chained(fixture: Fixture, count: number) {
  const { alice, bob, chat_id } = await fixture.pair();
  const fromAlice = await fixture.connect(alice, { capabilities: ["pipeline"] });
  const messages: ReturnType<Fixture["message"]>[] = [];
  for (let number = 0; number < count; number++) {
    const follows = messages.at(-1)?.client_id;
    messages.push(fixture.message(chat_id, alice, follows === undefined ? {} : { follows }));
  }
  return { bob, chat_id, fromAlice, messages };
}

const afterOrder = { dependsOn: ["stores messages that name the one before them, in their order"] };

/** Messages of a chat that are sent without waiting for the answers (docs/PROTOCOL.md, S-5a). */
export const messageOrder = [
  websocketCase(
    "S-5a",
    "stores messages that name the one before them, in their order",
    async (fixture) => {
      const { fromAlice, messages } = await chained(fixture, 32);
      for (const message of messages) fromAlice.send("message", message);
      for (const [at, message] of messages.entries()) {
        const { seq } = await fixture.ackOf(fromAlice, message);
        checkSame("its seq", seq, at + 1);
      }
    },
  ),
  websocketCase(
    "S-5a",
    "refuses a message for a time if it did not get the one before it",
    async (fixture) => {
      const { fromAlice, messages } = await chained(fixture, 3);
      const [first, second, third] = messages;
      await fixture.ackFor(fromAlice, first!);
      fromAlice.send("message", third!);
      const { details } = await fromAlice.nextError("ERR_OUT_OF_ORDER");
      checkSame("the client_id that the error names", details?.client_id, third!.client_id);
      check(Number(details?.retry_after) > 0, "a positive retry_after", details?.retry_after);
      for (const [message, expected] of [
        [second!, 2],
        [third!, 3],
      ] as const) {
        const { seq } = await fixture.ackFor(fromAlice, message);
        checkSame("its seq", seq, expected);
      }
    },
    afterOrder,
  ),
  websocketCase(
    "S-5a",
    "refuses a message for a time after one that it finally rejected",
    async (fixture) => {
      const { bob, fromAlice, messages } = await chained(fixture, 2);
      const [first, second] = messages;
      fromAlice.send("message", { ...first!, sender_id: bob.id });
      await fromAlice.nextError("ERR_FORBIDDEN");
      fromAlice.send("message", second!);
      const { details } = await fromAlice.nextError("ERR_OUT_OF_ORDER");
      checkSame("the client_id that the error names", details?.client_id, second!.client_id);
    },
    afterOrder,
  ),
  websocketCase(
    "S-5a",
    "delivers a message without the name of the one before it",
    async (fixture) => {
      const { bob, chat_id, fromAlice, messages } = await chained(fixture, 2);
      const toBob = await fixture.connect(bob);
      for (const message of messages) await fixture.ackFor(fromAlice, message);
      const later = await fixture.connect(bob);
      later.send("resume", { chat_id, after: 0, limit: 10 });
      const { value: list } = await later.next("message_list");
      const delivered = [];
      for (const _ of messages) delivered.push((await toBob.next("message")).value);
      for (const { follows } of [...delivered, ...list.messages]) {
        checkSame("follows", follows, undefined);
      }
    },
    afterOrder,
  ),
];
