import { httpCase } from "../contract-case.js";
import { checkSame } from "../contract-error.js";
import type { Sent } from "../fixture.js";
import type { HttpUser } from "../http-accounts.js";
import type { HttpFixture } from "../http-fixture.js";

/** Registers two users, of whom one requests a chat with the other. */
async function requested(fixture: HttpFixture) {
  const [alice, bob] = await Promise.all([fixture.user(), fixture.user()]);
  return { alice, bob, chat_id: await fixture.request(alice, bob) };
}

function sending(chat_id: number, { token }: HttpUser, message: Sent["message"]) {
  return ["POST", `/chats/${chat_id}/messages`, { token, body: message }] as const;
}

async function sends(fixture: HttpFixture, chat_id: number, user: HttpUser): Promise<void> {
  const [method, path, options] = sending(chat_id, user, fixture.message(chat_id, user));
  await fixture.expectStatus(method, path, 201, options);
}

async function rejects(
  fixture: HttpFixture,
  chat_id: number,
  user: HttpUser,
  code: string,
): Promise<void> {
  const [method, path, options] = sending(chat_id, user, fixture.message(chat_id, user));
  checkSame("error_code", await fixture.expectError(method, path, 403, options), code);
}

async function seenBy(fixture: HttpFixture, { token }: HttpUser, chat_id: number) {
  return (await fixture.expectStatus("GET", `/chats/${chat_id}`, 200, { token })).body;
}

/** Requests and blocked users (docs/PROTOCOL.md, section 12, H-17 and H-18). */
export const contacts = [
  httpCase("H-17", "accepts one message in a request, which may be repeated", async (fixture) => {
    const { alice, bob, chat_id } = await requested(fixture);
    checkSame("request", (await seenBy(fixture, alice, chat_id)).request, "outgoing");
    checkSame("request", (await seenBy(fixture, bob, chat_id)).request, "incoming");
    const [method, path, options] = sending(chat_id, alice, fixture.message(chat_id, alice));
    await fixture.expectStatus(method, path, 201, options);
    await rejects(fixture, chat_id, alice, "ERR_NOT_ACCEPTED");
    await fixture.expectStatus(method, path, 200, options);
    await fixture.expectStored(bob, chat_id, 1);
  }),
  httpCase(
    "H-17",
    "lets only the other member accept a request",
    async (fixture) => {
      const { alice, bob, chat_id } = await requested(fixture);
      await sends(fixture, chat_id, alice);
      const path = `/chats/${chat_id}/contact`;
      await fixture.expectError("POST", path, 403, {
        token: alice.token,
        body: { action: "accept" },
      });
      const { request } = await fixture.contact(bob, chat_id, "accept");
      checkSame("request", request, undefined);
      await sends(fixture, chat_id, alice);
    },
    { dependsOn: ["accepts one message in a request, which may be repeated"] },
  ),
  httpCase(
    "H-17",
    "accepts a request when the other member answers",
    async (fixture) => {
      const { alice, bob, chat_id } = await requested(fixture);
      await sends(fixture, chat_id, alice);
      await sends(fixture, chat_id, bob);
      checkSame("request", (await seenBy(fixture, bob, chat_id)).request, undefined);
      await sends(fixture, chat_id, alice);
    },
    {
      dependsOn: [
        "accepts one message in a request, which may be repeated",
        "returns a message immediately after its ack",
      ],
    },
  ),
  httpCase("H-18", "rejects messages of a blocked user", async (fixture) => {
    const { alice, bob, chat_id } = await fixture.pair();
    const { is_blocked } = await fixture.contact(bob, chat_id, "block");
    checkSame("is_blocked", is_blocked, true);
    checkSame("is_blocked", (await seenBy(fixture, alice, chat_id)).is_blocked, undefined);
    await rejects(fixture, chat_id, alice, "ERR_NOT_ACCEPTED");
    await rejects(fixture, chat_id, bob, "ERR_BLOCKED");
    await fixture.expectStored(alice, chat_id, 0);
    await fixture.contact(bob, chat_id, "unblock");
    await sends(fixture, chat_id, alice);
  }),
];
