import { unixNow } from "../../../clock.js";
import type { MlsChat } from "../../../mls/chat.js";
import type { CommitRequest } from "../../../mls/chat-types.js";
import { base64, random } from "../codec.js";
import type { Connection } from "../connection.js";
import { deviceCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import { loadMls } from "../device-accounts.js";
import type { HttpFixture } from "../http-fixture.js";
import {
  createChat,
  createGroup,
  firstCommit,
  type Group,
  identity,
  type Member,
  newChat,
  newMember,
  rejectedCommit,
  sendCommit,
} from "../mls-groups.js";

const CREATES = "creates an MLS chat, of which only the creator is a member";
const COMMITS = "stores a commit, and makes the users that it adds members";
const INVITES = "keeps the invitation of a device until the device deletes it";
const MAX_EPOCHS_BEHIND = 3;
const dependsOn = [CREATES, COMMITS];

const pair = (fixture: HttpFixture) => Promise.all([newMember(fixture), newMember(fixture)]);

/** Defines a case with a group that alice created with bob. */
const groupCase = (
  requirement: string,
  name: string,
  test: (
    fixture: HttpFixture,
    group: Group & { readonly alice: Member; readonly bob: Member },
  ) => Promise<void>,
  needed: readonly string[] = dependsOn,
) =>
  deviceCase(
    requirement,
    name,
    async (fixture) => {
      const [alice, bob] = await pair(fixture);
      await test(fixture, { alice, bob, ...(await createGroup(fixture, alice, [bob])) });
    },
    { dependsOn: needed },
  );

const logsOf = (...of: readonly Member[]) => of.map(({ log }) => log);

/** Returns the next state of a chat, and a text that was encrypted in it. */
const encrypted = (chat: MlsChat) =>
  chat.encrypt({ content: { kind: "text", text: "hola" }, ...identity() });

/** Commits new keys of the creator's device several times. Returns the chat after that. */
async function updated(fixture: HttpFixture, chat: MlsChat, of: readonly Member[], times: number) {
  let last = chat;
  for (let count = 0; count < times; count++) {
    const step = await last.commit({ logs: logsOf(...of), ...identity() });
    await sendCommit(fixture, of[0]!, step.request);
    last = step.chat.accept().chat;
  }
  return last;
}

/** Returns the seq with which the server lists a commit. */
async function seqOf(fixture: HttpFixture, { user }: Member, { message }: CommitRequest) {
  const stored = await fixture.stored(user, message.chat_id);
  return stored.find(({ client_id }) => client_id === message.client_id)?.seq;
}

function postMessage(fixture: HttpFixture, { user }: Member, body: object, status: number) {
  const path = `/chats/${Reflect.get(body, "chat_id")}/messages`;
  return fixture.expectStatus("POST", path, status, { token: user.token, body });
}

const sorted = (ids: number[]) => ids.sort((one, other) => one - other);
const idsOf = (list: unknown, field: string) =>
  Array.isArray(list) ? sorted(list.map((one) => one?.[field])) : list;

/** MLS chats, their commits and invitations (docs/PROTOCOL.md, section 15). */
export const mlsChats = [
  deviceCase("D-10", CREATES, async (fixture) => {
    const [alice, bob] = await pair(fixture);
    const summary = await createChat(fixture, alice, [bob]);
    checkSame("encryption_type", summary.encryption_type, "MLS");
    checkSame("suite", summary.suite, 1);
    checkSame("epoch", summary.epoch, 0);
    const roleOf = ({ user }: Member) =>
      summary.members?.find(({ user_id }) => user_id === user.id)?.role;
    checkSame("the creator's role", roleOf(alice), "admin");
    checkSame("the other user's role", roleOf(bob), "invited");
    const path = `/chats/${summary.chat_id}`;
    await fixture.expectError("GET", path, 404, { token: bob.user.token });
  }),
  deviceCase(
    "D-10",
    "names the users that do not exist, and creates no MLS chat",
    async (fixture) => {
      const [alice, bob] = await pair(fixture);
      const unknown = fixture.username();
      const options = { token: alice.user.token, body: newChat([bob.user.name, unknown]) };
      const { body } = await fixture.expectStatus("POST", "/chats", 404, options);
      checkSame("error_code", body?.error_code, "ERR_USER_NOT_FOUND");
      checkSame("details.names", body?.details?.names, [unknown]);
    },
    { dependsOn: [CREATES] },
  ),
  groupCase(
    "D-10",
    "rejects what is for passphrase chats in an MLS chat",
    async (fixture, { bob, chat_id }) => {
      const options = { token: bob.user.token, body: { action: "block" } };
      const code = await fixture.expectError("POST", `/chats/${chat_id}/contact`, 422, options);
      checkSame("error_code", code, "ERR_UNSUPPORTED");
    },
  ),
  groupCase(
    "D-11",
    "lists MLS chats, and counts them, only for clients that ask for them",
    async (fixture, { bob, chat_id }) => {
      const { token } = bob.user;
      const list = (path: string) => fixture.expectStatus("GET", path, 200, { token });
      const { body: without } = await list("/chats");
      checkSame("chats", without.chats, []);
      checkSame("total", without.total, 0);
      const { body } = await list("/chats?mls=1");
      checkSame("chats", idsOf(body.chats, "chat_id"), [chat_id]);
      checkSame("total", body.total, 1);
    },
  ),
  groupCase(
    "D-11",
    "sends the messages of an MLS chat only to connections with the capability mls",
    async (fixture, { alice, bob, chat }) => {
      const [able, without] = await Promise.all([
        fixture.connect(bob.user, { capabilities: ["mls"] }),
        fixture.connect(bob.user),
      ]);
      const { message } = await encrypted(chat);
      await postMessage(fixture, alice, message, 201);
      const delivered = await fixture.delivered(able);
      checkSame("client_id", delivered.client_id, message.client_id);
      checkSame("epoch", delivered.epoch, message.epoch);
      await without.expectNothing();
    },
  ),
  deviceCase(
    "D-13",
    COMMITS,
    async (fixture) => {
      const [alice, bob] = await pair(fixture);
      const { chat_id } = await createChat(fixture, alice, [bob]);
      const { request } = await firstCommit(chat_id, alice, [bob]);
      const { body: ack } = await sendCommit(fixture, alice, request);
      checkSame("seq", ack?.seq, await seqOf(fixture, alice, request));
      const { token } = bob.user;
      const { body } = await fixture.expectStatus("GET", `/chats/${chat_id}`, 200, { token });
      checkSame("epoch", body?.epoch, 1);
      // The server may have registered them in the other order.
      const ids = sorted([alice.user.id, bob.user.id]);
      checkSame("members", idsOf(body?.members, "user_id"), ids);
    },
    { dependsOn: [CREATES] },
  ),
  groupCase(
    "D-13",
    "answers a repeated commit again",
    async (fixture, { alice, bob, chat, request }) => {
      await updated(fixture, chat, [alice, bob], 1);
      const { body } = await sendCommit(fixture, alice, request, 200);
      checkSame("seq", body?.seq, await seqOf(fixture, alice, request));
    },
  ),
  groupCase(
    "D-13",
    "rejects a commit of an epoch that another commit has ended",
    async (fixture, { alice, bob, chat }) => {
      const late = await chat.commit({ logs: logsOf(alice, bob), ...identity() });
      await updated(fixture, chat, [alice, bob], 1);
      const expected = [409, "ERR_EPOCH_CONFLICT"] as const;
      const { details } = await rejectedCommit(fixture, alice, late.request, expected);
      checkSame("details.epoch", details?.epoch, 2);
    },
  ),
  groupCase(
    "D-13",
    "lets only admins add members",
    async (fixture, { alice, bob, chat_id, request }) => {
      const carol = await newMember(fixture);
      const { MlsChat } = await loadMls();
      const { content } = request.invitation!;
      const logs = logsOf(alice, bob, carol);
      const options = { chat_id, content, keep: [bob.keep], logs, now: unixNow() };
      const { chat } = await MlsChat.join(bob.device, options);
      const changes = { add: [carol.user.id], keyPackages: [carol.keyPackage] };
      const step = await chat.commit({ ...changes, logs, ...identity() });
      await rejectedCommit(fixture, bob, step.request, [403, "ERR_FORBIDDEN"]);
    },
  ),
  groupCase(
    "D-13",
    "rejects a commit whose fields are not those of its MLSMessage",
    async (fixture, { alice, bob, chat }) => {
      const { request } = await chat.commit({ logs: logsOf(alice, bob), ...identity() });
      // The content of another commit, of another epoch.
      const after = await updated(fixture, chat, [alice, bob], 1);
      const message = { ...request.message, epoch: Number(after.epoch) };
      const expected = [422, "ERR_VALIDATION"] as const;
      await rejectedCommit(fixture, alice, { ...request, message }, expected);
    },
  ),
  groupCase(
    "D-13",
    "rejects a commit of a device that is not in the sender's log",
    async (fixture, { alice, bob, chat }) => {
      const { request } = await chat.commit({ logs: logsOf(alice, bob), ...identity() });
      const message = { ...request.message, device: bob.device.id };
      await rejectedCommit(fixture, alice, { ...request, message }, [403, "ERR_FORBIDDEN"]);
    },
  ),
  deviceCase(
    "D-13",
    "does not let a user be added by a user whom the user has blocked",
    async (fixture) => {
      const [alice, bob] = await pair(fixture);
      const passphraseChat = await fixture.chat(alice.user, bob.user);
      await fixture.contact(bob.user, passphraseChat, "block");
      const { chat_id } = await createChat(fixture, alice, [bob]);
      const { request } = await firstCommit(chat_id, alice, [bob]);
      const expected = [403, "ERR_NOT_ACCEPTED"] as const;
      const { details } = await rejectedCommit(fixture, alice, request, expected);
      checkSame("details.user_ids", details?.user_ids, [bob.user.id]);
    },
    { dependsOn: [...dependsOn, "rejects messages of a blocked user"] },
  ),
  groupCase(
    "D-13",
    "sends a commit and chat_changed to the members before and after it",
    async (fixture, { alice, bob, chat }) => {
      const connections: Connection[] = [];
      for (const { user } of [alice, bob]) {
        const offer = { capabilities: ["mls", "chat_changed"] };
        connections.push(await fixture.connect(user, offer));
      }
      const remove = [bob.user.id];
      const { request } = await chat.commit({ remove, logs: logsOf(alice, bob), ...identity() });
      await sendCommit(fixture, alice, request);
      for (const connection of connections) {
        const { value } = await connection.next("message");
        checkSame("content_type", value.content_type, "commit");
        checkSame("client_id", value.client_id, request.message.client_id);
        await connection.next("status", "chat_changed", ({ event_type }) => {
          return event_type === "chat_changed";
        });
      }
    },
  ),
  groupCase(
    "D-14",
    "accepts messages up to 3 epochs behind, and rejects older ones as stale",
    async (fixture, { alice, bob, chat }) => {
      const first = await encrypted(chat);
      const second = await encrypted(first.chat);
      const later = await updated(fixture, second.chat, [alice, bob], MAX_EPOCHS_BEHIND);
      await postMessage(fixture, alice, first.message, 201);
      await updated(fixture, later, [alice, bob], 1);
      const { body } = await postMessage(fixture, alice, second.message, 409);
      checkSame("error_code", body?.error_code, "ERR_EPOCH_STALE");
      checkSame("details.epoch", body?.details?.epoch, MAX_EPOCHS_BEHIND + 2);
    },
  ),
  groupCase("D-14", "rejects a message of a later epoch", async (fixture, { alice, bob, chat }) => {
    const step = await chat.commit({ logs: logsOf(alice, bob), ...identity() });
    const { message } = await encrypted(step.chat.accept().chat);
    const { body } = await postMessage(fixture, alice, message, 409);
    checkSame("error_code", body?.error_code, "ERR_EPOCH_CONFLICT");
    checkSame("details.epoch", body?.details?.epoch, 1);
  }),
  groupCase(
    "D-14",
    "rejects a commit that is sent as a message",
    async (fixture, { alice, bob, chat }) => {
      const { request } = await chat.commit({ logs: logsOf(alice, bob), ...identity() });
      await postMessage(fixture, alice, request.message, 422);
    },
  ),
  groupCase("D-15", INVITES, async (fixture, { alice, bob, chat_id, request }) => {
    const path = `/invitations?device=${bob.device.id}`;
    const list = async ({ user: { token } }: Member) =>
      (await fixture.expectStatus("GET", path, 200, { token })).body?.invitations;
    checkSame("invitations", await list(alice), []);
    const [invitation] = await list(bob);
    checkSame("chat_id", invitation?.chat_id, chat_id);
    checkSame("content", invitation?.content, base64(request.invitation!.content));
    const one = `/invitations/${invitation.invitation_id}`;
    await fixture.expectError("DELETE", one, 404, { token: alice.user.token });
    await fixture.expectStatus("DELETE", one, 204, { token: bob.user.token });
    checkSame("invitations", await list(bob), []);
  }),
  groupCase(
    "D-15",
    "deletes the invitations of a user who is removed",
    async (fixture, { alice, bob, chat }) => {
      const remove = [bob.user.id];
      const { request } = await chat.commit({ remove, logs: logsOf(alice, bob), ...identity() });
      await sendCommit(fixture, alice, request);
      const options = { token: bob.user.token };
      const path = `/invitations?device=${bob.device.id}`;
      const { body } = await fixture.expectStatus("GET", path, 200, options);
      checkSame("invitations", body?.invitations, []);
    },
    [...dependsOn, INVITES],
  ),
  groupCase(
    "D-16",
    "returns the group info of the last commit to members",
    async (fixture, { alice, bob, chat_id, chat }) => {
      const { request } = await chat.commit({ logs: logsOf(alice, bob), ...identity() });
      // The server does not read it.
      const group_info = random(100).slice();
      await sendCommit(fixture, alice, { ...request, group_info });
      const path = `/chats/${chat_id}/group-info`;
      const { body } = await fixture.expectStatus("GET", path, 200, { token: bob.user.token });
      checkSame("epoch", body?.epoch, 2);
      checkSame("group_info", body?.group_info, base64(group_info));
      const stranger = await fixture.user();
      const code = await fixture.expectError("GET", path, 404, { token: stranger.token });
      check(code === "ERR_CHAT_NOT_FOUND", "the error_code ERR_CHAT_NOT_FOUND", code);
    },
  ),
];
