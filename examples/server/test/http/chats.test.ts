import { StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memberOf } from "../../src/database/members.js";
import { jsonOf, messageIn, PARAMETERS, TestServer, type TestUser } from "../support.js";

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

describe("POST /chats", () => {
  it("creates one chat of two users, with the parameters of the first request", async () => {
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

  it("rejects a chat with oneself, with an unknown user, or with invalid parameters", async () => {
    const rejections: [object, number, string][] = [
      [{ peer_name: "alice", ...PARAMETERS }, 422, "ERR_CHAT_WITH_SELF"],
      [{ peer_name: "nobody", ...PARAMETERS }, 404, "ERR_USER_NOT_FOUND"],
      [{ peer_name: "carol", ...PARAMETERS, iterations: 1 }, 422, "ERR_VALIDATION"],
      [{ peer_name: "carol", ...PARAMETERS, salt: "AAAA" }, 422, "ERR_VALIDATION"],
      [{ peer_name: "carol", encryption_type: "x", salt: PARAMETERS.salt }, 422, "ERR_VALIDATION"],
      [{ peer_name: "carol" }, 422, "ERR_VALIDATION"],
    ];
    for (const [body, status, error_code] of rejections) {
      expect(await alice.post("/chats", body)).toMatchObject({ status, body: { error_code } });
    }
  });

  it("hides the chat from non-members", async () => {
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

describe("a chat's settings", () => {
  let chat_id: number;
  const path = () => `/chats/${chat_id}/config`;
  const { encryption_type, ...parameters } = PARAMETERS;

  beforeAll(async () => {
    const { body } = await bob.post("/chats", { peer_name: "carol", encryption_type });
    chat_id = body.chat_id;
    expect(body).not.toHaveProperty("salt");
  });

  it("lets only the creator set the key parameters, all of them and once", async () => {
    expect((await carol.patch(path(), parameters)).body.error_code).toBe("ERR_FORBIDDEN");
    expect((await bob.patch(path(), { salt: parameters.salt })).status).toBe(422);
    expect(await bob.patch(path(), parameters)).toMatchObject({ status: 200, body: parameters });
    for (const changed of [parameters, { ...parameters, iterations: 2_000_000 }]) {
      const { status, body } = await bob.patch(path(), changed);
      expect([status, body.error_code]).toEqual([409, "ERR_PARAMETERS_SET"]);
    }
    expect((await carol.get(`/chats/${chat_id}`)).body).toMatchObject(parameters);
  });

  it("accepts one of two simultaneous requests that set the key parameters", async () => {
    const dave = await server.register("dave");
    const { body } = await carol.post("/chats", { peer_name: "dave", encryption_type });
    const both = await Promise.all(
      [600_000, 700_000].map((iterations) =>
        carol.patch(`/chats/${body.chat_id}/config`, { ...parameters, iterations }),
      ),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { iterations } = both.find(({ status }) => status === 200)!.body;
    expect((await dave.get(`/chats/${body.chat_id}`)).body.iterations).toBe(iterations);
  });

  it("lets both members set and remove auto_delete_hours", async () => {
    expect((await carol.patch(path(), { auto_delete_hours: 24 })).body.auto_delete_hours).toBe(24);
    expect((await bob.get(`/chats/${chat_id}`)).body.auto_delete_hours).toBe(24);
    const off = await bob.patch(path(), { auto_delete_hours: null });
    expect(off.body).not.toHaveProperty("auto_delete_hours");
    for (const auto_delete_hours of [0, -1, 1.5, 87_601, "24"]) {
      expect((await bob.patch(path(), { auto_delete_hours })).status).toBe(422);
    }
  });

  it("changes nothing if a part of the request is rejected", async () => {
    const both = { auto_delete_hours: 1, ...parameters };
    expect((await bob.patch(path(), both)).status).toBe(409);
    expect((await bob.get(`/chats/${chat_id}`)).body).not.toHaveProperty("auto_delete_hours");
  });
});

describe("restarting a chat", () => {
  const { encryption_type: _, ...parameters } = PARAMETERS;
  const newParameters = { ...parameters, salt: Buffer.alloc(16, 7).toString("base64") };

  /** Creates a chat of erin with a new user, in which erin has written one message. */
  async function createChat(peerName: string) {
    const erin = await server.register(`erin-${peerName}`);
    const peer = await server.register(peerName);
    const chat_id = await erin.chatWith(peerName);
    const write = (user: TestUser) =>
      user.post(`/chats/${chat_id}/messages`, jsonOf(messageIn(chat_id, user.id)));
    await write(erin);
    const restart = (user: TestUser, body: object = newParameters) =>
      user.post(`/chats/${chat_id}/restart`, body);
    return { erin, peer, chat_id, write, restart };
  }

  it("sets the new parameters and deletes all messages, without reusing their seqs", async () => {
    const { erin, peer, chat_id, write, restart } = await createChat("frank");
    expect(await restart(erin)).toMatchObject({
      status: 200,
      body: { ...newParameters, last_seq: 1 },
    });
    for (const member of [erin, peer]) {
      expect((await member.get(`/chats/${chat_id}`)).body).toMatchObject({
        ...newParameters,
        unread: 0,
      });
      expect((await member.get(`/chats/${chat_id}/messages`)).body.messages).toEqual([]);
    }
    expect((await write(peer)).body.seq).toBe(2);
    expect((await peer.get(`/chats/${chat_id}/messages`)).body.messages).toHaveLength(1);
  });

  it("can be repeated, also after a message was delivered to the other member", async () => {
    const { erin, peer, chat_id, restart } = await createChat("gina");
    const connection = await peer.connect();
    await connection.send(StatusEvent, {
      event_type: "delivered",
      user_id: peer.id,
      chat_id,
      seq: 1,
    });
    await expect
      .poll(async () => {
        const chat = (await server.withStore((store) => store.chats.find(chat_id, peer.id)))!;
        return memberOf(chat, peer.id).delivered;
      })
      .toBe(1);
    connection.socket.close();
    expect((await restart(erin, parameters)).status).toBe(200);
    expect((await restart(erin)).status).toBe(200);
  });

  it("is limited to the creator, and requires all parameters", async () => {
    const { erin, peer, chat_id, restart } = await createChat("hana");
    expect(await restart(peer)).toMatchObject({
      status: 403,
      body: { error_code: "ERR_FORBIDDEN" },
    });
    expect(await restart(carol)).toMatchObject({
      status: 404,
      body: { error_code: "ERR_CHAT_NOT_FOUND" },
    });
    const { salt: _, ...partial } = newParameters;
    for (const body of [partial, { ...newParameters, iterations: 1 }, {}]) {
      expect((await restart(erin, body)).status).toBe(422);
    }
    expect((await erin.get(`/chats/${chat_id}`)).body).toMatchObject(parameters);
  });

  it.each(["written", "read"])("is rejected after the other member has %s", async (action) => {
    const { erin, peer, chat_id, write, restart } = await createChat(`ivo-${action}`);
    if (action === "written") await write(peer);
    else {
      await server.withStore((store) =>
        store.messages.raiseWatermark("read", { chat_id, user_id: peer.id, seq: 1 }),
      );
    }
    expect(await restart(erin)).toMatchObject({
      status: 409,
      body: { error_code: "ERR_CHAT_IN_USE" },
    });
    const { body } = await erin.get(`/chats/${chat_id}`);
    expect(body).toMatchObject(parameters);
    expect((await erin.get(`/chats/${chat_id}/messages`)).body.messages).not.toEqual([]);
  });
});

describe("messages over HTTP", () => {
  let chat_id: number;
  const seqs = ({ body }: { body: { messages: { seq: number }[] } }) =>
    body.messages.map(({ seq }) => seq);

  beforeAll(async () => {
    chat_id = await alice.chatWith("carol");
    for (let seq = 1; seq <= 7; seq++) {
      const { body } = await alice.post(
        `/chats/${chat_id}/messages`,
        jsonOf(messageIn(chat_id, alice.id)),
      );
      expect(body).toMatchObject({ chat_id, seq });
    }
  });

  it("are listed in pages, forward and backward", async () => {
    const page = (query: string) => carol.get(`/chats/${chat_id}/messages?${query}`);
    expect(seqs(await page(""))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const first = await page("limit=3");
    expect([seqs(first), first.body.has_more]).toEqual([[1, 2, 3], true]);
    const last = await page("after=5&limit=3");
    expect([seqs(last), last.body.has_more]).toEqual([[6, 7], false]);
    const newest = await page("before=8&limit=3");
    expect([seqs(newest), newest.body.has_more]).toEqual([[5, 6, 7], true]);
    const oldest = await page("before=3&limit=2");
    expect([seqs(oldest), oldest.body.has_more]).toEqual([[1, 2], false]);
    expect(seqs(await page("after=2&before=5"))).toEqual([3, 4]);
    for (const query of ["limit=0", "limit=101", "before=0", "after=-1", "after=x", "limit=1e1"]) {
      expect((await page(query)).status).toBe(422);
    }
  });

  it("are stored once if they are sent repeatedly", async () => {
    const path = `/chats/${chat_id}/messages`;
    const message = jsonOf(messageIn(chat_id, carol.id));
    const first = await carol.post(path, message);
    const again = await carol.post(path, message);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    const other = { ...message, content: Buffer.alloc(200).toString("base64") };
    const reused = await carol.post(path, other);
    expect([reused.status, reused.body.error_code]).toEqual([409, "ERR_CLIENT_ID_REUSED"]);
  });

  it("are rejected in the name of another user, for another chat, and if they are invalid", async () => {
    const path = `/chats/${chat_id}/messages`;
    const send = async (changes: object) =>
      (await carol.post(path, { ...jsonOf(messageIn(chat_id, carol.id)), ...changes })).status;
    expect(await send({ sender_id: alice.id })).toBe(403);
    expect(await send({ chat_id: chat_id + 1 })).toBe(422);
    expect(await send({ nonce: "AAAA" })).toBe(422);
    expect(await send({ content: "not base64" })).toBe(422);
    expect(await send({ epoch: 1 })).toBe(422);
    expect((await carol.post(path, "{")).body.error_code).toBe("ERR_MALFORMED_JSON");
    expect((await carol.post(path, "[]")).status).toBe(422);
  });
});
