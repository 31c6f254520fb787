import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApiDocument } from "../../src/http/openapi.js";
import { jsonOf, messageIn, PARAMETERS, PASSWORD, TestServer, type TestUser } from "../support.js";
import { forgedTokens } from "./forged-tokens.js";

const server = new TestServer();
let member: TestUser;
let other: TestUser;
let nonMember: TestUser;
let chat_id: number;
let badTokens: Record<string, string>;

beforeAll(async () => {
  await server.start();
  member = await server.register("member");
  other = await server.register("other-member");
  nonMember = await server.register("non-member");
  chat_id = await member.chatWith("other-member");
  badTokens = await forgedTokens(server, member);
});
afterAll(() => server.remove());

/**
 * Expected statuses: without a token, for a non-member, for the creator of the chat, and for its other member. A single status
 * applies to all of them.
 */
const statuses: Record<string, [number, number, number, number] | [number]> = {
  register: [201],
  login: [200],
  refresh: [401],
  logout: [401, 204, 204, 204],
  createTicket: [401, 200, 200, 200],
  getMe: [401, 200, 200, 200],
  searchUsers: [401, 200, 200, 200],
  listChats: [401, 200, 200, 200],
  createChat: [401, 201, 409, 422],
  getChat: [401, 404, 200, 200],
  configureChat: [401, 404, 200, 200],
  restartChat: [401, 404, 200, 403],
  changeContact: [401, 404, 200, 200],
  countExpiring: [401, 404, 200, 200],
  listMessages: [401, 404, 200, 200],
  sendMessage: [401, 403, 201, 201],
  listDeviceEntries: [401, 200, 200, 200],
  addDeviceEntry: [401, 422, 422, 422],
  leaveAcceptance: [401, 204, 204, 204],
  getAcceptance: [401, 404, 404, 404],
  publishKeyPackages: [401, 404, 404, 404],
  countKeyPackages: [401, 404, 404, 404],
  claimKeyPackages: [401, 404, 200, 200],
  commit: [401, 403, 422, 422],
  getGroupInfo: [401, 404, 404, 404],
  listInvitations: [401, 200, 200, 200],
  deleteInvitation: [401, 404, 404, 404],
  getHistoryKey: [401, 200, 200, 200],
  publishHistoryKey: [401, 422, 422, 422],
  deleteHistory: [401, 204, 204, 204],
  listHistoryChunks: [401, 404, 404, 404],
  writeHistoryChunk: [401, 404, 404, 404],
  deleteHistoryChunk: [401, 404, 404, 404],
  connect: [401, 426, 426, 426],
  connectToChat: [401, 404, 426, 426],
  getHealth: [200],
  getMetrics: [200],
  getKeys: [200],
  getDocument: [200],
  getDocs: [200],
};

const base64 = (length: number) => Buffer.alloc(length).toString("base64");

let registered = 0;
const bodies: Record<string, (user: TestUser) => unknown> = {
  register: () => ({ username: `newcomer-${registered++}`, password: PASSWORD }),
  login: () => ({ username: "member", password: PASSWORD }),
  refresh: () => ({ refresh_token: "invented" }),
  createChat: () => ({ peer_name: "other-member", ...PARAMETERS }),
  configureChat: () => ({ auto_delete_hours: null }),
  restartChat: () => PARAMETERS,
  changeContact: () => ({ action: "unblock" }),
  addDeviceEntry: () => ({ entry: base64(289) }),
  leaveAcceptance: () => ({ acceptance: base64(225) }),
  publishKeyPackages: () => ({ key_packages: [] }),
  publishHistoryKey: () => ({ history_key: base64(1308) }),
  writeHistoryChunk: () => ({ chunk: base64(1417) }),
  claimKeyPackages: (user) => ({ user_ids: [user.id], suite: 1 }),
  commit: (user) => {
    const content = Buffer.alloc(33 + 4);
    content.set([0, 1, 0, 2, 24]);
    content.writeBigUInt64BE(BigInt(chat_id), 5);
    const commit = Buffer.concat([content, Buffer.from([3, 0, 0, 0])]);
    const fields = { epoch: 0, device: "0".repeat(32), content_type: "commit" } as const;
    const message = messageIn(chat_id, user.id, { ...fields, content: commit });
    return { message: jsonOf(message), group_info: base64(1) };
  },
  sendMessage: (user) => {
    return jsonOf(messageIn(chat_id, user.id));
  },
};

const operations = Object.entries(openApiDocument().paths as Record<string, object>).flatMap(
  ([path, methods]) =>
    Object.entries(methods as Record<string, { operationId: string }>).map(
      ([method, { operationId: id }]) => ({ id, method, path }),
    ),
);
type Operation = (typeof operations)[number];

/** Sends the request of an operation. WebSockets receive the token in the query. */
async function send({ id, method, path }: Operation, user: TestUser, token?: string) {
  const address = path
    .replace("{chat_id}", String(chat_id))
    .replace("{user_id}", String(member.id))
    .replace("{to}", "0".repeat(32))
    .replace("{first_seq}", "1")
    .replace("{device}", (id === "leaveAcceptance" ? "1" : "0").repeat(32));
  const query = path.startsWith("/ws") && token !== undefined ? `?token=${token}` : "";
  const body = bodies[id]?.(user);
  const response = await server.fetch(address + query, {
    method: method.toUpperCase(),
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const isJson = response.headers.get("content-type") === "application/json";
  return { status: response.status, body: isJson ? await response.json() : undefined };
}

async function loginAgain(username: string): Promise<string> {
  const credentials = { username, password: PASSWORD };
  return (await server.request("POST", "/auth/login", credentials)).body.access_token;
}

it("tests each operation of the OpenAPI document", () => {
  expect(Object.keys(statuses).sort()).toEqual(operations.map(({ id }) => id).sort());
});

describe.each(operations.map((operation) => [operation.id, operation] as const))(
  "%s",
  (id, operation) => {
    const [
      withoutToken,
      forNonMember = withoutToken,
      forCreator = withoutToken,
      forOther = withoutToken,
    ] = statuses[id]!;

    it("answers each user according to their access", async () => {
      const tokenOf = (user: TestUser, name: string) =>
        id === "logout" ? loginAgain(name) : user.token;
      expect((await send(operation, nonMember)).status).toBe(withoutToken);
      for (const [user, name, status] of [
        [nonMember, "non-member", forNonMember],
        [member, "member", forCreator],
        [other, "other-member", forOther],
      ] as const) {
        const token = await tokenOf(user, name);
        expect([name, (await send(operation, user, token)).status]).toEqual([name, status]);
      }
    });

    it("treats an invalid token like a missing one", async () => {
      for (const [kind, token] of Object.entries(badTokens)) {
        const { status, body } = await send(operation, member, token);
        expect([kind, status]).toEqual([kind, withoutToken]);
        if (withoutToken === 401) expect(body.error_code).toBe("ERR_NOT_AUTHENTICATED");
      }
    });
  },
);

describe("a chat", () => {
  it("answers a non-member as if the chat did not exist", async () => {
    const answers = [
      `/chats/${chat_id}`,
      "/chats/999999",
      "/chats/x",
      "/chats/0",
      "/chats/1e0",
    ].map(async (path) => ({ ...(await nonMember.get(path)).body, timestamp: 0 }));
    const [first, ...rest] = await Promise.all(answers);
    expect(first.error_code).toBe("ERR_CHAT_NOT_FOUND");
    for (const answer of rest) expect(answer).toEqual(first);
  });

  it("rejects a message of one member in the name of the other", async () => {
    const operation = operations.find(({ id }) => id === "sendMessage")!;
    const { status, body } = await send(operation, member, other.token);
    expect([status, body.error_code]).toEqual([403, "ERR_FORBIDDEN"]);
  });
});
