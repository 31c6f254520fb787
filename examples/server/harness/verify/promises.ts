import type { Client } from "../client/client.js";
import type { Contents, MessageRow } from "./contents.js";

/** What was promised and not kept. Each is a sentence for whoever runs this. */
export interface Broken {
  /** Acknowledged messages that the database does not have where it said. */
  readonly lost: string[];
  /** Messages that stand in the database, or were handed over, more than once. */
  readonly doubled: string[];
  readonly others: string[];
}

/** Holds a settled world to what everybody was promised. */
export function findBroken(contents: Contents, clients: readonly Client[]): Broken {
  const broken: Broken = { lost: [], doubled: [], others: [] };
  for (const chat of new Set(clients.flatMap(({ chats }) => chats))) {
    checkSeqs(chat, contents, broken);
  }
  checkOrigins(contents, clients, broken);
  for (const client of clients) {
    broken.lost.push(...findLost(contents, client));
    checkWritten(contents, client, broken);
    for (const chat of client.chats) checkReceived(chat, contents, client, broken);
    broken.others.push(...client.record.surprises.map((what) => `${nameOf(client)} heard ${what}`));
  }
  return broken;
}

/** Acknowledged messages that are not in the database, or not where it was said. */
export function findLost(contents: Contents, client: Client): string[] {
  const lost: string[] = [];
  for (const { chat_id, client_id, content } of client.record.written) {
    const seq = client.record.sent.get(client_id);
    if (seq === undefined) continue;
    // A seq's row stands at its place unless there are holes, which are lost messages too.
    const row = contents.messages.get(chat_id)?.[seq - 1];
    const isThere =
      row?.client_id === client_id &&
      row.seq === seq &&
      (row.encrypted_content === null || Buffer.compare(row.encrypted_content, content) === 0);
    if (!isThere) lost.push(`${client_id}, acknowledged as ${seq} of chat ${chat_id}`);
  }
  return lost;
}

function checkSeqs(chat: number, { messages, lastSeqs }: Contents, { others }: Broken): void {
  const rows = messages.get(chat) ?? [];
  const hole = rows.findIndex(({ seq }, at) => seq !== at + 1);
  if (hole !== -1) others.push(`chat ${chat} has ${rows[hole]!.seq} where ${hole + 1} should be`);
  if (lastSeqs.get(chat) !== rows.length) {
    others.push(`chat ${chat} has ${rows.length} messages, and last_seq ${lastSeqs.get(chat)}`);
  }
}

/** Every row is a message that somebody wrote and was not told that it failed, once. */
function checkOrigins(contents: Contents, clients: readonly Client[], broken: Broken): void {
  const written = new Set(
    clients.flatMap(({ record }) => record.written.map(({ client_id }) => client_id)),
  );
  const failed = new Set(clients.flatMap(({ record }) => [...record.failed.keys()]));
  const found = new Set<string>();
  for (const { client_id, chat_id, seq } of [...contents.messages.values()].flat()) {
    if (found.has(client_id)) broken.doubled.push(`${client_id}, again as ${seq} of ${chat_id}`);
    if (!written.has(client_id)) broken.others.push(`nobody wrote ${seq} of chat ${chat_id}`);
    if (failed.has(client_id)) broken.others.push(`${client_id} failed, and is stored`);
    found.add(client_id);
  }
}

/**
 * Every message that was written is sent if its writer is in the chat, and failed otherwise. A crash may delay that, but
 * change nothing about it. Those of a chat stand in the order of writing.
 */
function checkWritten({ messages }: Contents, client: Client, { others }: Broken): void {
  const { written, sent, failed } = client.record;
  for (const { client_id, chat_id } of written) {
    const isMember = client.chats.includes(chat_id);
    if (sent.has(client_id) === failed.has(client_id)) {
      others.push(`${client_id} was ${sent.has(client_id) ? "sent and failed" : "never settled"}`);
    } else if (isMember && failed.has(client_id)) {
      others.push(
        `${client_id} failed with ${failed.get(client_id)} in its writer's chat ${chat_id}`,
      );
    } else if (!isMember && sent.has(client_id)) {
      others.push(`${client_id} was sent to chat ${chat_id}, of which its writer is no member`);
    }
  }
  for (const chat of client.chats) {
    const rows = messages.get(chat) ?? [];
    const isStored = new Set(rows.map(({ client_id }) => client_id));
    const expected = written
      .filter(({ chat_id, client_id }) => chat_id === chat && isStored.has(client_id))
      .map(({ client_id }) => client_id);
    const own = new Set(expected);
    const stored = rows.map(({ client_id }) => client_id).filter((one) => own.has(one));
    if (stored.join() !== expected.join()) {
      others.push(`${nameOf(client)}'s messages in chat ${chat} are not in the order of writing`);
    }
  }
}

/** What others wrote was handed over once, in order, and nothing of it is missing but what was deleted. */
function checkReceived(chat: number, contents: Contents, client: Client, broken: Broken): void {
  const rows = contents.messages.get(chat) ?? [];
  const own = new Set(client.record.written.map(({ client_id }) => client_id));
  const received = client.record.received.filter(
    ({ chat_id, client_id }) => chat_id === chat && !own.has(client_id!),
  );
  const ids = new Set<string>();
  let last = 0;
  for (const { client_id, seq, content } of received) {
    if (ids.has(client_id!)) broken.doubled.push(`${client_id}, handed to ${nameOf(client)} again`);
    else if (seq! <= last) broken.others.push(`${nameOf(client)} got ${seq} of ${chat} too late`);
    if (!isRow(rows[seq! - 1], client_id, content)) {
      broken.others.push(`${nameOf(client)} got ${client_id}, which is not ${seq} of chat ${chat}`);
    }
    ids.add(client_id!);
    last = seq!;
  }
  const missing = rows.filter(
    (row) => row.encrypted_content !== null && !own.has(row.client_id) && !ids.has(row.client_id),
  );
  for (const { seq } of missing) {
    broken.others.push(`${nameOf(client)} never got ${seq} of chat ${chat}`);
  }
  const cursor = client.disk.cursors.get(chat);
  if (cursor !== contents.lastSeqs.get(chat)) {
    broken.others.push(`${nameOf(client)} is at ${cursor} of chat ${chat} (${rows.length})`);
  }
}

function isRow(row: MessageRow | undefined, clientId: string | undefined, content: Uint8Array) {
  if (row?.client_id !== clientId) return false;
  const { encrypted_content } = row!;
  return encrypted_content === null || Buffer.compare(encrypted_content, content) === 0;
}

function nameOf({ userId }: Client): string {
  return `user ${userId}`;
}
