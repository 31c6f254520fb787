import { MlsChat } from "lacre/mls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MlsMember, newIdentity } from "../mls-member.js";
import { jsonOf, TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let [alice, bob, carol]: TestUser[] = [];
let [a, b, b2, c]: MlsMember[] = [];

beforeAll(async () => {
  ({ alice, bob, carol } = await server.startWithChat());
  [a, b, c] = await Promise.all([alice!, bob!, carol!].map((user) => MlsMember.begin(user)));
  b2 = await b!.addDevice(await server.login("bob"));
});
afterAll(() => server.remove());

const text = (text: string) => ({ kind: "text" as const, text });
const send = async (member: MlsMember, chat: MlsChat, content: string) => {
  const { chat: next, message } = await chat.encrypt({ content: text(content), ...newIdentity() });
  const path = `/chats/${chat.chat_id}/messages` as const;
  return { chat: next, answer: await member.user.post(path, jsonOf(message)) };
};

/** Creates a chat of alice and bob, in which both of bob's devices are. */
async function chatOfTwo() {
  const made = await a!.create([bob!], ["bob"]);
  const answer = await a!.send(made.request);
  return { chat_id: made.chat_id, chat: made.chat.accept().chat, request: made.request, answer };
}

describe("the first commit of an MLS chat", () => {
  it("makes the invited users members, and their devices can join", async () => {
    const { chat_id, chat, answer } = await chatOfTwo();
    expect(answer).toMatchObject({ status: 201, body: { chat_id, seq: 1 } });
    expect((await alice!.get(`/chats/${chat_id}`)).body).toMatchObject({
      epoch: 1,
      members: [
        { user_id: alice!.id, role: "admin" },
        { user_id: bob!.id, role: "member" },
      ],
    });
    const joined = [
      await b!.join(chat_id, [alice!.id, bob!.id]),
      await b2!.join(chat_id, [alice!.id, bob!.id]),
    ];
    const sent = await send(a!, chat, "hola");
    expect(sent.answer).toMatchObject({ status: 201, body: { seq: 2 } });
    // The commit that added them is before what they may read.
    const [message, ...others] = await b!.messages(chat_id);
    expect(others).toEqual([]);
    expect(message).toMatchObject({ seq: 2, epoch: 1, device: a!.device.id });
    for (const one of joined) {
      expect((await one.receive(message!)).event).toMatchObject({ content: text("hola") });
    }
    expect(await b!.invitations()).toEqual([]);
  });

  it("is acknowledged again if it is repeated, and not under its client id with other bytes", async () => {
    const { request, answer, chat, chat_id } = await chatOfTwo();
    expect(await a!.send(request)).toMatchObject({ status: 200, body: answer.body });
    expect((await alice!.get(`/chats/${chat_id}`)).body.epoch).toBe(1);
    const { logs } = { logs: await a!.logs([alice!.id, bob!.id]) };
    const { client_id } = request.message;
    const other = await chat.commit({ logs, ...newIdentity(), client_id: client_id! });
    expect(await a!.send(other.request)).toMatchObject({
      status: 409,
      body: { error_code: "ERR_CLIENT_ID_REUSED" },
    });
  });
});

describe("a commit", () => {
  it("is rejected if another one came first, and the device follows that one", async () => {
    const { chat, chat_id } = await chatOfTwo();
    const bobs = await b!.join(chat_id, [alice!.id, bob!.id]);
    const logs = await a!.logs([alice!.id, bob!.id]);
    const [first, second] = [
      await chat.commit({ logs, ...newIdentity() }),
      await bobs.commit({ logs, ...newIdentity() }),
    ];
    const answers = await Promise.all([a!.send(first.request), b!.send(second.request)]);
    const statuses = answers.map(({ status }) => status);
    expect([...statuses].sort()).toEqual([201, 409]);
    const lost = answers.find(({ status }) => status === 409)!;
    expect(lost.body).toMatchObject({
      error_code: "ERR_EPOCH_CONFLICT",
      details: { epoch: 2 },
    });
    const [winner] = (await a!.messages(chat_id, 1)).slice(-1);
    const loser = statuses[0] === 409 ? first.chat : second.chat;
    const { chat: next, event } = await loser.receive(winner!, logs);
    expect(event.kind).toBe("conflict");
    const other = statuses[0] === 409 ? second.chat : first.chat;
    expect(next.authenticator).toEqual(other.accept().chat.authenticator);
  });

  it("adds and removes members, if the sender is an admin", async () => {
    const { chat, chat_id } = await chatOfTwo();
    const bobs = await b!.join(chat_id, [alice!.id, bob!.id]);
    const users = [alice!.id, bob!.id, carol!.id];
    const logs = await a!.logs(users);
    const keyPackages = await a!.claim(chat_id, [carol!.id]);
    const byBob = await bobs.commit({ add: [carol!.id], keyPackages, logs, ...newIdentity() });
    expect(await b!.send(byBob.request)).toMatchObject({
      status: 403,
      body: { error_code: "ERR_FORBIDDEN" },
    });
    const step = await chat.commit({ add: [carol!.id], keyPackages, logs, ...newIdentity() });
    expect(await a!.send(step.request)).toMatchObject({ status: 201 });
    const carols = await c!.join(chat_id, users);
    expect(carols.members).toEqual(users);
    const removal = await step.chat.accept().chat.commit({
      remove: [bob!.id],
      logs,
      ...newIdentity(),
    });
    expect(await a!.send(removal.request)).toMatchObject({ status: 201 });
    expect(await bob!.get(`/chats/${chat_id}`)).toMatchObject({ status: 404 });
    const { members } = (await carol!.get(`/chats/${chat_id}`)).body;
    expect(members.map((one: { user_id: number }) => one.user_id)).toEqual([alice!.id, carol!.id]);
  });

  it("removes a user who proposed to leave, by any member", async () => {
    const { chat, chat_id } = await chatOfTwo();
    const bobs = await b!.join(chat_id, [alice!.id, bob!.id]);
    const logs = await a!.logs([alice!.id, bob!.id]);
    const unasked = await bobs.commit({ remove: [alice!.id], logs, ...newIdentity() });
    expect(await b!.send(unasked.request)).toMatchObject({ status: 403 });
    const left = await chat.leave(newIdentity());
    const path = `/chats/${chat_id}/messages` as const;
    expect(await alice!.post(path, jsonOf(left.message))).toMatchObject({ status: 201 });
    const { chat: told, event } = await bobs.receive(left.message, logs);
    expect(event).toEqual({ kind: "leaving", user_id: alice!.id });
    const step = await told.commit({ logs, ...newIdentity() });
    expect(step.request.remove).toEqual([alice!.id]);
    expect(await b!.send(step.request)).toMatchObject({ status: 201 });
    expect(await alice!.get(`/chats/${chat_id}`)).toMatchObject({ status: 404 });
    // The last admin left.
    const { members } = (await bob!.get(`/chats/${chat_id}`)).body;
    expect(members).toMatchObject([{ user_id: bob!.id, role: "admin" }]);
  });

  it("lets a device join by the group info", async () => {
    const { chat, chat_id } = await chatOfTwo();
    const { body } = await bob!.get(`/chats/${chat_id}/group-info`);
    expect(body.epoch).toBe(1);
    const logs = await b!.logs([alice!.id, bob!.id]);
    const { chat: joined, request } = await MlsChat.rejoin(b!.device, {
      chat_id,
      group_info: Buffer.from(body.group_info, "base64"),
      logs,
      ...newIdentity(),
    });
    expect(await b!.send(request)).toMatchObject({ status: 201 });
    const { chat: followed } = await chat.receive(request.message, logs);
    expect(followed.authenticator).toEqual(joined.accept().chat.authenticator);
    expect(await carol!.get(`/chats/${chat_id}/group-info`)).toMatchObject({ status: 404 });
  });

  it.each([
    ["another sender", { sender_id: 1e6 }, 403],
    ["another device", { device: "0".repeat(32) }, 403],
    ["another epoch than its content", { epoch: 5 }, 422],
    ["no content type", { content_type: undefined }, 422],
    ["no client id", { client_id: undefined }, 422],
    ["another chat", { chat_id: 1e6 }, 422],
    ["a counter", { counter: 1 }, 422],
    ["a content that is not MLS", { content: Buffer.alloc(99).toString("base64") }, 422],
  ])("with %s is rejected", async (_, changes, status) => {
    const { chat, chat_id } = await chatOfTwo();
    const logs = await a!.logs([alice!.id, bob!.id]);
    const { request } = await chat.commit({ logs, ...newIdentity() });
    const message = { ...jsonOf(request.message), ...changes };
    expect(await a!.send(request, { message })).toMatchObject({ status });
    expect((await alice!.get(`/chats/${chat_id}`)).body.epoch).toBe(1);
  });

  it.each([
    ["adds a member", { add: [1] }, 422],
    ["adds a user that does not exist", { add: [1e9] }, 403],
    ["removes a user who is no member", { remove: [1e9] }, 422],
    ["removes the sender", { remove: [1] }, 422],
    [
      "invites a device that no member has",
      { invitation: { device_ids: ["0".repeat(32)], content: "AA==" } },
      422,
    ],
  ])("that %s is rejected", async (_, changes, status) => {
    const { chat, chat_id } = await chatOfTwo();
    const logs = await a!.logs([alice!.id, bob!.id]);
    const { request } = await chat.commit({ logs, ...newIdentity() });
    expect(alice!.id).toBe(1);
    expect(await a!.send(request, changes)).toMatchObject({ status });
    expect((await alice!.get(`/chats/${chat_id}`)).body.epoch).toBe(1);
  });
});

describe("a message of an MLS chat", () => {
  it("is accepted up to 3 epochs late, and stale after that", async () => {
    let { chat, chat_id } = await chatOfTwo();
    const old = chat;
    const logs = await a!.logs([alice!.id, bob!.id]);
    for (let epoch = 2; epoch <= 5; epoch++) {
      const step = await chat.commit({ logs, ...newIdentity() });
      await a!.send(step.request);
      chat = step.chat.accept().chat;
      const late = await send(a!, old, "late");
      if (epoch < 5) expect(late.answer).toMatchObject({ status: 201 });
      else {
        expect(late.answer).toMatchObject({
          status: 409,
          body: { error_code: "ERR_EPOCH_STALE", details: { epoch: 5 } },
        });
      }
    }
    expect((await alice!.get(`/chats/${chat_id}`)).body.epoch).toBe(5);
  });

  it("is not a commit, and not of a later epoch", async () => {
    const { chat, chat_id } = await chatOfTwo();
    const logs = await a!.logs([alice!.id, bob!.id]);
    const step = await chat.commit({ logs, ...newIdentity() });
    const path = `/chats/${chat_id}/messages` as const;
    expect(await alice!.post(path, jsonOf(step.request.message))).toMatchObject({ status: 422 });
    const ahead = await send(a!, step.chat.accept().chat, "ahead");
    expect(ahead.answer).toMatchObject({ status: 409, body: { error_code: "ERR_EPOCH_CONFLICT" } });
  });
});
