import { websocketCase } from "../contract-case.js";
import { checkSame } from "../contract-error.js";
import type { Fixture } from "../fixture.js";

const NO_CHAT = Number.MAX_SAFE_INTEGER - 1;

/** Creates a chat of Alice and Bob with one message, and connects Alice and a non-member, Carol. */
async function strangers(fixture: Fixture) {
  const pair = await fixture.pair();
  const carol = await fixture.user();
  const [fromAlice, fromCarol] = [await fixture.connect(pair.alice), await fixture.connect(carol)];
  await fixture.sendMany(fromAlice, pair.alice, pair.chat_id, 1);
  return { ...pair, carol, fromAlice, fromCarol };
}

/** Access of members and non-members (docs/PROTOCOL.md, section 11, S-14 and S-19). */
export const membership = [
  websocketCase(
    "S-14",
    "rejects a message of a non-member, or to an unknown chat",
    async (fixture) => {
      const { alice, carol, chat_id, fromAlice, fromCarol } = await strangers(fixture);
      for (const id of [chat_id, NO_CHAT]) {
        const message = fixture.message(id, carol);
        fromCarol.send("message", message);
        const { details } = await fromCarol.nextError("ERR_FORBIDDEN");
        checkSame("the client_id that the error names", details?.client_id, message.client_id);
      }
      await fromAlice.expectNothing();
      await fixture.expectStored(alice, chat_id, 1);
    },
  ),
  websocketCase(
    "S-14",
    "rejects a resume of a non-member, or of an unknown chat",
    async (fixture) => {
      const { chat_id, fromCarol } = await strangers(fixture);
      for (const id of [chat_id, NO_CHAT]) {
        fromCarol.send("resume", { chat_id: id, after: 0, limit: 100 });
        await fromCarol.nextError("ERR_FORBIDDEN");
      }
      await fromCarol.expectNothing();
    },
  ),
  websocketCase("S-14", "rejects receipts and typing of non-members", async (fixture) => {
    const { carol, chat_id, fromAlice, fromCarol } = await strangers(fixture);
    for (const event_type of ["read", "typing"] as const) {
      fromCarol.send("status", { event_type, user_id: carol.id, chat_id, seq: 1 });
      await fromCarol.nextError("ERR_FORBIDDEN");
    }
    await fromAlice.expectNothing();
  }),
  websocketCase("S-19", "sends nothing of a chat to non-members", async (fixture) => {
    const { alice, bob, chat_id, fromAlice, fromCarol } = await strangers(fixture);
    const fromBob = await fixture.connect(bob);
    fromAlice.send("status", { event_type: "typing", user_id: alice.id, chat_id });
    await fixture.send(fromAlice, fixture.message(chat_id, alice));
    await fixture.delivered(fromBob);
    await fromCarol.expectNothing();
  }),
];
