import { ChatMessage, StatusEvent } from "../../../messages/chat.js";
import { Resume } from "../../../messages/connection.js";
import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../failure.js";
import type { Stage } from "../stage.js";

const NO_CHAT = Number.MAX_SAFE_INTEGER - 1;

/** Alice and bob, who have a chat with a message in it, and carol, who is not in it. */
async function strangers(stage: Stage) {
  const pair = await stage.pair();
  const carol = await stage.user();
  const [fromAlice, fromCarol] = [await stage.connect(pair.alice), await stage.connect(carol)];
  await stage.converse(fromAlice, pair.alice, pair.chat_id, 1);
  return { ...pair, carol, fromAlice, fromCarol };
}

/** Who may read and write what (S-14, H-8). */
export const membership = [
  contractCase(
    "S-14",
    "nobody writes to a chat of others, or to one that is not there",
    async (stage) => {
      const { alice, carol, chat_id, fromAlice, fromCarol } = await strangers(stage);
      for (const id of [chat_id, NO_CHAT]) {
        const message = stage.message(id, carol);
        fromCarol.send(ChatMessage, message);
        const { details } = await fromCarol.nextError("ERR_FORBIDDEN");
        checkSame("the client_id that the error names", details?.client_id, message.client_id);
      }
      await fromAlice.isQuiet();
      await stage.holds(alice, chat_id, 1);
    },
  ),
  contractCase(
    "S-14",
    "nobody resumes a chat of others, or one that is not there",
    async (stage) => {
      const { chat_id, fromCarol } = await strangers(stage);
      for (const id of [chat_id, NO_CHAT]) {
        fromCarol.send(Resume, { chat_id: id, after: 0, limit: 100 });
        await fromCarol.nextError("ERR_FORBIDDEN");
      }
      await fromCarol.isQuiet();
    },
  ),
  contractCase("S-14", "nobody marks a chat of others, or types in it", async (stage) => {
    const { carol, chat_id, fromAlice, fromCarol } = await strangers(stage);
    for (const event_type of ["read", "typing"] as const) {
      fromCarol.send(StatusEvent, { event_type, user_id: carol.id, chat_id, seq: 1 });
      await fromCarol.nextError("ERR_FORBIDDEN");
    }
    await fromAlice.isQuiet();
  }),
  contractCase("S-19", "nobody else hears what two say to each other", async (stage) => {
    const { alice, bob, chat_id, fromAlice, fromCarol } = await strangers(stage);
    const fromBob = await stage.connect(bob);
    fromAlice.send(StatusEvent, { event_type: "typing", user_id: alice.id, chat_id });
    await stage.send(fromAlice, stage.message(chat_id, alice));
    await fromBob.next("message");
    await fromCarol.isQuiet();
  }),
  contractCase("H-8", "over HTTP a chat of others is as one that is not there", async (stage) => {
    const { alice, carol, chat_id } = await strangers(stage);
    const { token } = carol;
    const codes = new Set<string>();
    for (const id of [chat_id, NO_CHAT]) {
      codes.add(await stage.refused("GET", `/chats/${id}`, 404, { token }));
      codes.add(await stage.refused("GET", `/chats/${id}/messages`, 404, { token }));
      const body = { auto_delete_hours: 1 };
      codes.add(await stage.refused("PATCH", `/chats/${id}/config`, 404, { token, body }));
    }
    check(codes.size === 1, "one error_code for all of them", [...codes].join(", "));
    const body = stage.message(chat_id, carol);
    await stage.refused("POST", `/chats/${chat_id}/messages`, 403, { token, body });
    await stage.holds(alice, chat_id, 1);
  }),
  contractCase("H-8", "nobody's list has a chat of others", async (stage) => {
    const { carol } = await strangers(stage);
    const { body } = await stage.granted("GET", "/chats", 200, { token: carol.token });
    checkSame("the list", body?.chats, []);
    checkSame("its total", body?.total, 0);
  }),
];
