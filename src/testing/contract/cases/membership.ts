import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
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

/** Access of members and non-members (docs/PROTOCOL.md, S-14 and H-8). */
export const membership = [
  contractCase(
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
  contractCase(
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
  contractCase("S-14", "rejects receipts and typing of non-members", async (fixture) => {
    const { carol, chat_id, fromAlice, fromCarol } = await strangers(fixture);
    for (const event_type of ["read", "typing"] as const) {
      fromCarol.send("status", { event_type, user_id: carol.id, chat_id, seq: 1 });
      await fromCarol.nextError("ERR_FORBIDDEN");
    }
    await fromAlice.expectNothing();
  }),
  contractCase("S-19", "sends nothing of a chat to non-members", async (fixture) => {
    const { alice, bob, chat_id, fromAlice, fromCarol } = await strangers(fixture);
    const fromBob = await fixture.connect(bob);
    fromAlice.send("status", { event_type: "typing", user_id: alice.id, chat_id });
    await fixture.send(fromAlice, fixture.message(chat_id, alice));
    await fromBob.next("message");
    await fromCarol.expectNothing();
  }),
  contractCase(
    "H-8",
    "answers a non-member over HTTP as if the chat did not exist",
    async (fixture) => {
      const { alice, carol, chat_id } = await strangers(fixture);
      const { token } = carol;
      const codes = new Set<string>();
      for (const id of [chat_id, NO_CHAT]) {
        codes.add(await fixture.expectError("GET", `/chats/${id}`, 404, { token }));
        codes.add(await fixture.expectError("GET", `/chats/${id}/messages`, 404, { token }));
        const body = { auto_delete_hours: 1 };
        codes.add(await fixture.expectError("PATCH", `/chats/${id}/config`, 404, { token, body }));
      }
      check(codes.size === 1, "one error_code for all of them", [...codes].join(", "));
      const body = fixture.message(chat_id, carol);
      await fixture.expectError("POST", `/chats/${chat_id}/messages`, 403, { token, body });
      await fixture.expectStored(alice, chat_id, 1);
    },
  ),
  contractCase("H-8", "does not list chats for non-members", async (fixture) => {
    const { carol } = await strangers(fixture);
    const { body } = await fixture.expectStatus("GET", "/chats", 200, { token: carol.token });
    checkSame("the list", body?.chats, []);
    checkSame("its total", body?.total, 0);
  }),
];
