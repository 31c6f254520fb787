import { type ContractTarget, type ContractUser, contract } from "lacre/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractServer } from "./contract-server.js";

const websocketCases = contract.filter(({ part }) => part === "websocket");
const server = new ContractServer("sqlite");
let created = 0;
let ended = 0;

interface OwnUser extends ContractUser {
  readonly username: string;
  readonly token: string;
}

async function post(path: string, body: object, token?: string) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { "content-type": "application/json", ...authorization };
  const response = await server.fetch(path, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return (response.status === 204 ? undefined : response.json()) as Promise<Record<string, never>>;
}

/** A target whose HTTP the suite cannot use: the functions of `users` create all users, chats and sockets. */
const target: ContractTarget = {
  timeout: server.timeout,
  users: {
    async create(): Promise<OwnUser> {
      created += 1;
      const { user_id, username, session_key, access_token } = await post("/auth/register", {
        username: `own-${created}`,
        password: "a password",
      });
      const path = `/ws?token=${access_token}`;
      const connect = () => server.connect(path);
      return {
        ...{ user_id: user_id!, username: username!, token: access_token! },
        ...{ session_key: session_key!, connect },
      };
    },
    async createChat(creator, peer) {
      const { username: peer_name, token } = peer as OwnUser;
      const body = { peer_name, encryption_type: "lacre/e2e/1" };
      const { chat_id } = await post("/chats", body, (creator as OwnUser).token);
      await post(`/chats/${chat_id}/contact`, { action: "accept" }, token);
      return chat_id!;
    },
    async end(user) {
      await post("/auth/logout", {}, (user as OwnUser).token);
      ended += 1;
    },
  },
};

beforeAll(() => server.start());
afterAll(() => server.remove());

describe.concurrent("the cases of part websocket, with users of the target's own and without HTTP", () => {
  for (const { requirement, name, run } of websocketCases) {
    it(`${requirement}: ${name}`, () => run(target));
  }
});

it("end the session of each user that they create", async () => {
  for (const { run } of websocketCases.slice(0, 3)) await run(target);
  expect(created).toBeGreaterThan(3);
  expect(ended).toBe(created);
});

it("are more than those of part http, which need fetch and connect", async () => {
  const others = contract.filter(({ part }) => part === "http");
  expect(websocketCases.length).toBeGreaterThan(others.length);
  for (const { run } of others.slice(0, 3))
    await expect(run(target)).rejects.toThrow("target.fetch");
});
