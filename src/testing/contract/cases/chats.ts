import { safeParse } from "zod/mini";
import { ChatListResponse, ChatSummary } from "../../../messages/lists.js";
import { httpCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import { chatParameters, type HttpUser } from "../http-accounts.js";
import type { HttpFixture } from "../http-fixture.js";

const ENCRYPTION = "lacre/e2e/1";
const NO_CHAT = Number.MAX_SAFE_INTEGER - 1;

async function created(
  fixture: HttpFixture,
  creator: HttpUser,
  peer: HttpUser,
  fields: object,
): Promise<ChatSummary> {
  const body = { peer_name: peer.name, encryption_type: ENCRYPTION, ...fields };
  return read(await fixture.expectStatus("POST", "/chats", 201, { token: creator.token, body }));
}

async function seenBy(
  fixture: HttpFixture,
  { token }: HttpUser,
  chatId: number,
): Promise<ChatSummary> {
  return read(await fixture.expectStatus("GET", `/chats/${chatId}`, 200, { token }));
}

function read({ body }: { readonly body: unknown }): ChatSummary {
  const result = safeParse(ChatSummary, body);
  check(result.success, "an entry of chat_list", body);
  return result.data;
}

function parametersOf({ salt, iterations, key_check }: ChatSummary): object {
  return { salt, iterations, key_check };
}

/** Returns the number of messages of a chat that a member can read. */
async function countOf(fixture: HttpFixture, { token }: HttpUser, chatId: number): Promise<number> {
  const path = `/chats/${chatId}/messages?after=0`;
  return (await fixture.expectStatus("GET", path, 200, { token })).body.messages.length;
}

/** Creates a chat of Alice and Bob with messages of Alice. */
async function aliceWrote(fixture: HttpFixture, count: number) {
  const pair = await fixture.pair();
  const fromAlice = await fixture.connect(pair.alice);
  const sent = await fixture.sendMany(fromAlice, pair.alice, pair.chat_id, count);
  return { ...pair, sent };
}

async function unreadOf(fixture: HttpFixture, { token }: HttpUser): Promise<number> {
  return (await fixture.expectStatus("GET", "/chats", 200, { token })).body?.chats?.[0]?.unread;
}

/** Chats and their key parameters (docs/PROTOCOL.md, section 12, H-7 to H-9 and H-15, and E-2). */
export const chats = [
  httpCase("H-7", "answers the creation of a chat with its entry", async (fixture) => {
    const [alice, bob] = [await fixture.user(), await fixture.user()];
    const parameters = chatParameters();
    const chat = await created(fixture, alice, bob, parameters);
    checkSame("peer_id", chat.peer_id, bob.id);
    checkSame("peer_name", chat.peer_name, bob.name);
    checkSame("encryption_type", chat.encryption_type, ENCRYPTION);
    checkSame("last_seq", chat.last_seq, 0);
    checkSame("the parameters", parametersOf(chat), parameters);
  }),
  httpCase(
    "H-8",
    "lists a new chat for both members, each with the other as its peer",
    async (fixture) => {
      const [alice, bob] = [await fixture.user(), await fixture.user()];
      const { chat_id } = await created(fixture, alice, bob, chatParameters());
      for (const [one, other] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        const { token } = one;
        const { body } = await fixture.expectStatus("GET", "/chats", 200, { token });
        const list = ChatListResponse.safeParse(body);
        check(list.success, "the payload of chat_list", body);
        checkSame("total", list.value.total, 1);
        const [listed] = list.value.chats;
        checkSame("chat_id", listed?.chat_id, chat_id);
        checkSame("peer_id", listed?.peer_id, other.id);
        checkSame("peer_name", listed?.peer_name, other.name);
      }
    },
  ),
  httpCase("H-7", "allows one chat per pair of users", async (fixture) => {
    const { alice, bob } = await fixture.pair();
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const body = { peer_name: other.name, encryption_type: ENCRYPTION };
      await fixture.expectError("POST", "/chats", 409, { token: one.token, body });
    }
  }),
  httpCase("H-7", "rejects a chat with oneself or an unknown user", async (fixture) => {
    const { name, token } = await fixture.user();
    const nobody = { peer_name: fixture.username(), encryption_type: ENCRYPTION };
    await fixture.expectError("POST", "/chats", 404, { token, body: nobody });
    const self = { peer_name: name, encryption_type: ENCRYPTION };
    await fixture.expectError("POST", "/chats", 422, { token, body: self });
  }),
  httpCase("H-7", "rejects key parameters out of range", async (fixture) => {
    const [alice, bob] = [await fixture.user(), await fixture.user()];
    const valid = chatParameters();
    const invalidValues = [
      { ...valid, salt: new Uint8Array(15) },
      { ...valid, salt: new Uint8Array(65) },
      { ...valid, iterations: 99_999 },
      { ...valid, iterations: 2_000_001 },
      { ...valid, key_check: new Uint8Array(15) },
      { salt: valid.salt, iterations: valid.iterations },
    ];
    for (const invalid of invalidValues) {
      const body = { peer_name: bob.name, encryption_type: ENCRYPTION, ...invalid };
      const options = { token: alice.token, body };
      checkSame(
        "error_code",
        await fixture.expectError("POST", "/chats", 422, options),
        "ERR_VALIDATION",
      );
    }
  }),
  httpCase("E-2", "returns the creator's key parameters to both members", async (fixture) => {
    const [alice, bob] = [await fixture.user(), await fixture.user()];
    const parameters = chatParameters();
    const { chat_id } = await created(fixture, alice, bob, parameters);
    for (const member of [alice, bob]) {
      const seen = parametersOf(await seenBy(fixture, member, chat_id));
      checkSame("the parameters", seen, parameters);
    }
  }),
  httpCase("H-9", "rejects a second set of key parameters", async (fixture) => {
    const [alice, bob] = [await fixture.user(), await fixture.user()];
    const parameters = chatParameters();
    const { chat_id } = await created(fixture, alice, bob, {});
    const { token } = alice;
    const path = `/chats/${chat_id}/config`;
    await fixture.expectStatus("PATCH", path, 200, { token, body: parameters });
    for (const body of [chatParameters(), parameters]) {
      await fixture.expectError("PATCH", path, 409, { token, body });
    }
    checkSame("the parameters", parametersOf(await seenBy(fixture, bob, chat_id)), parameters);
  }),
  httpCase(
    "H-9",
    "lets only the creator set key parameters, and only all at once",
    async (fixture) => {
      const [alice, bob] = [await fixture.user(), await fixture.user()];
      const { chat_id } = await created(fixture, alice, bob, {});
      const path = `/chats/${chat_id}/config`;
      const { salt } = chatParameters();
      await fixture.expectError("PATCH", path, 403, { token: bob.token, body: chatParameters() });
      await fixture.expectError("PATCH", path, 422, { token: alice.token, body: { salt } });
      const seen = parametersOf(await seenBy(fixture, alice, chat_id));
      checkSame("the parameters", seen, {});
    },
  ),
  httpCase("H-15", "lets the creator start an unanswered chat over", async (fixture) => {
    const { alice, bob, chat_id } = await fixture.pair();
    const connection = await fixture.connect(alice);
    const [first] = await fixture.sendMany(connection, alice, chat_id, 1);
    const path = `/chats/${chat_id}/restart`;
    const parameters = chatParameters();
    await fixture.expectError("POST", path, 403, { token: bob.token, body: parameters });
    checkSame("the messages before", await countOf(fixture, bob, chat_id), 1);
    await fixture.expectStatus("POST", path, 200, { token: alice.token, body: parameters });
    for (const member of [alice, bob]) {
      const seen = parametersOf(await seenBy(fixture, member, chat_id));
      checkSame("the parameters", seen, parameters);
      checkSame("the messages", await countOf(fixture, member, chat_id), 0);
    }
    const { ack } = await fixture.send(connection, fixture.message(chat_id, alice));
    check(ack.seq > first!.ack.seq, "a seq above those before", ack);
  }),
  httpCase("H-15", "rejects starting an answered chat over", async (fixture) => {
    const [alice, bob] = [await fixture.user(), await fixture.user()];
    const parameters = chatParameters();
    const { chat_id } = await created(fixture, alice, bob, parameters);
    const connection = await fixture.connect(bob);
    await fixture.sendMany(connection, bob, chat_id, 1);
    const options = { token: alice.token, body: chatParameters() };
    await fixture.expectError("POST", `/chats/${chat_id}/restart`, 409, options);
    const seen = parametersOf(await seenBy(fixture, alice, chat_id));
    checkSame("the parameters", seen, parameters);
    checkSame("the messages", await countOf(fixture, alice, chat_id), 1);
  }),
  httpCase(
    "H-8",
    "answers a non-member over HTTP as if the chat did not exist",
    async (fixture) => {
      const { alice, chat_id } = await aliceWrote(fixture, 1);
      const carol = await fixture.user();
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
    { dependsOn: ["rejects a resume of a non-member, or of an unknown chat"] },
  ),
  httpCase("H-8", "does not list chats for non-members", async (fixture) => {
    await fixture.pair();
    const { token } = await fixture.user();
    const { body } = await fixture.expectStatus("GET", "/chats", 200, { token });
    checkSame("the list", body?.chats, []);
    checkSame("its total", body?.total, 0);
  }),
  httpCase(
    "H-8",
    "counts as unread the other member's messages that are not read",
    async (fixture) => {
      const { alice, bob, chat_id, sent } = await aliceWrote(fixture, 3);
      const fromBob = await fixture.connect(bob);
      checkSame("unread of who reads", await unreadOf(fixture, bob), 3);
      checkSame("unread of who wrote", await unreadOf(fixture, alice), 0);
      const { seq } = sent[2]!.ack;
      fromBob.send("status", { event_type: "read", user_id: bob.id, chat_id, seq });
      await fromBob.expectNothing();
      checkSame("unread after reading", await unreadOf(fixture, bob), 0);
    },
  ),
];
