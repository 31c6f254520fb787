import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operations } from "../../src/http/operations.js";
import { messageIn, PARAMETERS, TestServer, type TestUser } from "../support.js";
import { forgedTokens } from "./forged-tokens.js";

const server = new TestServer();
const users: Record<string, TestUser> = {};
let chat_id: number;
let forged: Record<string, string>;

beforeAll(async () => {
  await server.start();
  for (const name of ["member", "other-member", "stranger"])
    users[name] = await server.register(name);
  chat_id = await users.member!.chatWith("other-member");
  forged = await forgedTokens(server, users.member!);
});
afterAll(() => server.remove());

/** What each caller gets at an address: the member's own answer is always the first one. */
const bodies: Record<string, () => unknown> = {
  createChat: () => ({ peer_name: "other-member", ...PARAMETERS }),
  configureChat: () => ({ auto_delete_hours: null }),
  sendMessage: () => {
    const { content, nonce, ...rest } = messageIn(chat_id, users.member!.id);
    const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
    return { ...rest, content: base64(content), nonce: base64(nonce) };
  },
};
const expected: Record<string, { member: number; "other-member": number; stranger: number }> = {
  getMe: { member: 200, "other-member": 200, stranger: 200 },
  searchUsers: { member: 200, "other-member": 200, stranger: 200 },
  listChats: { member: 200, "other-member": 200, stranger: 200 },
  createChat: { member: 409, "other-member": 422, stranger: 201 },
  getChat: { member: 200, "other-member": 200, stranger: 404 },
  configureChat: { member: 200, "other-member": 200, stranger: 404 },
  listMessages: { member: 200, "other-member": 200, stranger: 404 },
  sendMessage: { member: 201, "other-member": 403, stranger: 403 },
  createTicket: { member: 200, "other-member": 200, stranger: 200 },
};
const closed = operations.filter(({ isPublic, id }) => !isPublic && id !== "logout");

function ask({ id, method, path }: (typeof operations)[number], token?: string) {
  const address = path.replace("{chat_id}", String(chat_id));
  return server.request(method.toUpperCase(), address, bodies[id]?.(), token);
}

describe.each(closed.map((operation) => [operation.id, operation] as const))(
  "%s",
  (id, operation) => {
    it("is open to whom it is meant for, and to nobody else", async () => {
      for (const name of ["member", "other-member", "stranger"] as const) {
        const { status } = await ask(operation, users[name]!.token);
        expect([name, status]).toEqual([name, expected[id]![name]]);
      }
    });

    it("is closed to nobody, and to tokens that are not good", async () => {
      for (const [kind, token] of Object.entries({ none: undefined, ...forged })) {
        const { status, body } = await ask(operation, token);
        expect([kind, status, body.error_code]).toEqual([kind, 401, "ERR_NOT_AUTHENTICATED"]);
      }
    });
  },
);

it("a stranger's chat and one that does not exist are one answer", async () => {
  const { stranger } = users;
  const [theirs, none] = [
    await stranger!.get(`/chats/${chat_id}`),
    await stranger!.get("/chats/999999"),
  ];
  expect({ ...theirs.body, timestamp: 0 }).toEqual({ ...none.body, timestamp: 0 });
});
