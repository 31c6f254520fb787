import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PARAMETERS, TestServer, type TestUser } from "./support.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;

beforeAll(async () => {
  await server.start();
  alice = await server.register("alice");
  bob = await server.register("bob");
  carol = await server.register("carol");
});
afterAll(() => server.remove());

describe("alice and bob have one chat", () => {
  it("which the first of them makes, and whose parameters stand", async () => {
    const both = await Promise.all([
      alice.post("/chats", { peer_name: "bob", ...PARAMETERS }),
      bob.post("/chats", { peer_name: "Alice", ...PARAMETERS, iterations: 700_000 }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(both.find(({ status }) => status === 409)?.body.error_code).toBe("ERR_CHAT_EXISTS");
    const seenByAlice = (await alice.get("/chats")).body;
    const seenByBob = (await bob.get("/chats")).body;
    expect(seenByAlice).toMatchObject({ total: 1, page: 1, chats: [{ peer_name: "bob" }] });
    expect(seenByBob).toMatchObject({ total: 1, page: 1, chats: [{ peer_name: "alice" }] });
    const { salt, iterations, key_check, last_seq, unread } = seenByBob.chats[0];
    const { salt: s, iterations: i, key_check: k } = seenByAlice.chats[0];
    expect({ salt, iterations, key_check }).toEqual({ salt: s, iterations: i, key_check: k });
    expect({ last_seq, unread }).toEqual({ last_seq: 0, unread: 0 });
  });

  it("and none with themselves, with nobody, or without good parameters", async () => {
    const refusals: [object, number, string][] = [
      [{ peer_name: "alice", ...PARAMETERS }, 422, "ERR_CHAT_WITH_SELF"],
      [{ peer_name: "nobody", ...PARAMETERS }, 404, "ERR_USER_NOT_FOUND"],
      [{ peer_name: "carol", ...PARAMETERS, iterations: 1 }, 422, "ERR_VALIDATION"],
      [{ peer_name: "carol", ...PARAMETERS, salt: "AAAA" }, 422, "ERR_VALIDATION"],
      [{ peer_name: "carol" }, 422, "ERR_VALIDATION"],
    ];
    for (const [body, status, error_code] of refusals) {
      expect(await alice.post("/chats", body)).toMatchObject({ status, body: { error_code } });
    }
  });

  it("which carol does not see", async () => {
    const { chat_id } = (await alice.get("/chats")).body.chats[0];
    expect((await carol.get("/chats")).body).toMatchObject({ total: 0, chats: [] });
    for (const id of [chat_id, 999, "x"]) {
      expect(await carol.get(`/chats/${id}/messages`)).toMatchObject({
        status: 404,
        body: { error_code: "ERR_CHAT_NOT_FOUND" },
      });
    }
    expect((await server.request("GET", `/chats/${chat_id}/messages`)).status).toBe(401);
  });
});
