import { setTimeout as delay } from "node:timers/promises";
import type { CommitRequest, DeviceLog, MlsChat } from "lacre/mls";
import { expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { Random } from "../../../../test/support/random.js";
import {
  createDatabase,
  type DatabaseKind,
  isPostgresAvailable,
} from "../../harness/processes/database.js";
import { ServerProcess } from "../../harness/processes/server-process.js";
import type { ApiUser } from "../device-account.js";
import { MlsMember, newIdentity } from "../mls-member.js";

const ROUNDS = 2;
const CHATS = 6;

/** Registers a user of a server process. Requests fail while the server is down. */
async function register(server: ServerProcess, username: string): Promise<ApiUser> {
  let token: string | undefined;
  const request = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const { status, headers } = response;
    const text = await response.text();
    return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
  };
  const account = { username, password: "correct horse" };
  const { body } = await request("POST", "/auth/register", account);
  token = body.access_token;
  return {
    id: body.user_id,
    get: (path) => request("GET", path),
    post: (path, value) => request("POST", path, value),
    delete: (path) => request("DELETE", path),
  };
}

/** A chat whose creator commits again and again. */
interface Committer {
  readonly chat_id: number;
  chat: MlsChat;
  acknowledged: number;
  pending: CommitRequest;
}

/** Sends the pending commit, and makes the next one, until the server is gone. */
async function commitUntilKilled(
  alice: MlsMember,
  committer: Committer,
  logs: readonly DeviceLog[],
): Promise<void> {
  for (;;) {
    const answer = await alice.send(committer.pending).catch(() => undefined);
    if (answer === undefined) return;
    expect([200, 201]).toContain(answer.status);
    await acknowledge(committer, logs);
  }
}

async function acknowledge(committer: Committer, logs: readonly DeviceLog[]) {
  committer.acknowledged += 1;
  const next = await committer.chat.accept().chat.commit({ logs, ...newIdentity() });
  committer.chat = next.chat;
  committer.pending = next.request;
}

async function killAroundCommits(kind: DatabaseKind): Promise<void> {
  const random = new Random(1);
  const database = await createDatabase(kind);
  const server = await ServerProcess.create({ databaseUrl: database.url });
  await server.start();
  try {
    const [alice, bob] = [
      await MlsMember.begin(await register(server, "alice")),
      await MlsMember.begin(await register(server, "bob")),
    ];
    const logs = await alice.logs([alice.user.id, bob.user.id]);
    let wholes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const committers: Committer[] = [];
      for (let at = 0; at < CHATS; at++) {
        const { chat_id, chat, request } = await alice.create([bob.user], ["bob"]);
        committers.push({ chat_id, chat, acknowledged: 0, pending: request });
      }
      const running = committers.map((one) => commitUntilKilled(alice, one, logs));
      await delay(10 + random.below(150));
      await server.kill();
      await Promise.all(running);
      await server.start();
      for (const committer of committers) {
        const { chat_id, acknowledged, pending } = committer;
        const { body: chat } = await alice.user.get(`/chats/${chat_id}`);
        // The commit without an answer is there wholly, or not at all.
        expect([acknowledged, acknowledged + 1]).toContain(chat.epoch);
        const isThere = chat.epoch > acknowledged;
        wholes += isThere ? 1 : 0;
        const messages = await alice.messages(chat_id);
        expect(messages.map(({ epoch }) => epoch)).toEqual([...Array(chat.epoch).keys()]);
        expect(chat.last_seq).toBe(chat.epoch);
        const info = await alice.user.get(`/chats/${chat_id}/group-info`);
        expect(info.body?.epoch ?? 0).toBe(chat.epoch);
        const isMember = chat.members.some(
          ({ user_id, role }: { user_id: number; role: string }) =>
            user_id === bob.user.id && role === "member",
        );
        expect(isMember).toBe(chat.epoch > 0);
        const invited = (await bob.invitations()).some((one) => one.chat_id === chat_id);
        expect(invited).toBe(chat.epoch > 0);
        // The same bytes again are acknowledged, and stored once.
        expect(await alice.send(pending)).toMatchObject({ status: isThere ? 200 : 201 });
        const { body: after } = await alice.user.get(`/chats/${chat_id}`);
        expect(after).toMatchObject({ epoch: acknowledged + 1, last_seq: acknowledged + 1 });
      }
    }
    console.info(`${kind}: ${wholes} of ${ROUNDS * CHATS} unanswered commits were stored`);
  } finally {
    await server.stop();
    await database.remove();
  }
}

const TIMEOUT_MS = 300_000;
const name = "is stored wholly or not at all if the server is killed";

it(`on SQLite, a commit of an MLS chat ${name}`, () => killAroundCommits("sqlite"), TIMEOUT_MS);

describeIf(await isPostgresAvailable(), "PostgreSQL at LACRE_POSTGRES_URL or 127.0.0.1:5432")(
  "on PostgreSQL",
  () => {
    it(`a commit of an MLS chat ${name}`, () => killAroundCommits("postgresql"), TIMEOUT_MS);
  },
);
