import type { Bytes } from "../../bytes.js";
import { unixNow } from "../../clock.js";
import type { ChatSummary } from "../../messages/lists.js";
import type { MlsChat } from "../../mls/chat.js";
import type { CommitRequest } from "../../mls/chat-types.js";
import { isId } from "./accounts.js";
import { check } from "./contract-error.js";
import { type Account, begun, loadMls } from "./device-accounts.js";
import { randomUuid } from "./fixture.js";
import type { Answer } from "./http-accounts.js";
import type { HttpFixture } from "./http-fixture.js";

/** A user with a device, which others can add to a group. */
export interface Member extends Account {
  readonly keyPackage: Bytes;
  /** The secret part of the key package. */
  readonly keep: Bytes;
}

/** A group of MLS, as its creator's device knows it after the first commit. */
export interface Group {
  readonly chat_id: number;
  readonly chat: MlsChat;
  /** The first commit. */
  readonly request: CommitRequest;
}

/** Returns what identifies a new message. */
export const identity = () => ({
  client_id: randomUuid(),
  timestamp: Math.floor(unixNow() * 1000) / 1000,
});

/** Registers a user with a device. */
export async function newMember(fixture: HttpFixture): Promise<Member> {
  const account = await begun(fixture);
  const made = await account.device.keyPackages({ count: 1, suites: [1] });
  return { ...account, keyPackage: made.publish[0]!, keep: made.keep[0]! };
}

/** Creates a chat at the server. Returns its entry of `chat_list`. */
export async function createChat(
  fixture: HttpFixture,
  creator: Member,
  others: readonly Member[],
): Promise<ChatSummary> {
  const names = others.map(({ user }) => user.name);
  const options = { token: creator.user.token, body: newChat(names) };
  const { body } = await fixture.expectStatus("POST", "/chats", 201, options);
  check(isId(body?.chat_id), "an entry of chat_list with a chat_id", body);
  return body;
}

/** Returns the body of a request that creates an MLS chat. */
export const newChat = (names: readonly string[]) => ({
  members: names,
  encryption_type: "MLS",
  suite: 1,
});

/** Makes the first commit of a chat, which is not sent yet. */
export async function firstCommit(
  chat_id: number,
  creator: Member,
  others: readonly Member[],
): Promise<Group> {
  const { MlsChat } = await loadMls();
  const { chat, request } = await MlsChat.create(creator.device, {
    ...{ chat_id, suite: 1, ...identity() },
    add: others.map(({ user }) => user.id),
    keyPackages: others.map(({ keyPackage }) => keyPackage),
    logs: [creator, ...others].map(({ log }) => log),
  });
  return { chat_id, chat: chat.accept().chat, request };
}

/** Creates a chat with its group, to which the others are added. */
export async function createGroup(
  fixture: HttpFixture,
  creator: Member,
  others: readonly Member[],
): Promise<Group> {
  const { chat_id } = await createChat(fixture, creator, others);
  const group = await firstCommit(chat_id, creator, others);
  await sendCommit(fixture, creator, group.request);
  return group;
}

/** Sends a commit, and throws ContractError if the answer has another status. */
export function sendCommit(
  fixture: HttpFixture,
  { user: { token } }: Member,
  request: CommitRequest,
  status = 201,
): Promise<Answer> {
  const path = `/chats/${request.message.chat_id}/commits`;
  return fixture.expectStatus("POST", path, status, { token, body: request });
}

/** Sends a commit that is to be rejected. Returns the answer's body. */
export async function rejectedCommit(
  fixture: HttpFixture,
  sender: Member,
  request: CommitRequest,
  [status, code]: readonly [number, string],
) {
  const { body } = await sendCommit(fixture, sender, request, status);
  check(body?.error_code === code, `the error_code ${code}`, body);
  return body;
}
