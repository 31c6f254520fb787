import type { Client } from "../client/client.js";
import type { Contents, MessageRow } from "./contents.js";

/** Violated guarantees, as texts for the report. */
export interface Violations {
  /** Acknowledged messages that the database does not contain at the acknowledged seq. */
  readonly lost: string[];
  /** Messages that are stored, or were delivered, more than once. */
  readonly duplicated: string[];
  readonly others: string[];
}

/** Checks all guarantees, after all messages have arrived. */
export function findViolations(contents: Contents, clients: readonly Client[]): Violations {
  const violations: Violations = { lost: [], duplicated: [], others: [] };
  for (const chat of new Set(clients.flatMap(({ chats }) => chats))) {
    checkSeqs(chat, contents, violations);
  }
  checkOrigins(contents, clients, violations);
  for (const client of clients) {
    violations.lost.push(...findLost(contents, client));
    checkWritten(contents, client, violations);
    for (const chat of client.chats) checkReceived(chat, contents, client, violations);
    violations.others.push(
      ...client.record.unexpected.map((what) => `${nameOf(client)} received ${what}`),
    );
  }
  return violations;
}

/** Returns the acknowledged messages of a client that the database does not contain at the acknowledged seq. */
export function findLost(contents: Contents, client: Client): string[] {
  const lost: string[] = [];
  for (const { chat_id, client_id, content } of client.record.written) {
    const seq = client.record.sent.get(client_id);
    if (seq === undefined) continue;
    // Without gaps, the row of a seq has the index seq - 1. A message behind a gap is reported too.
    const row = contents.messages.get(chat_id)?.[seq - 1];
    const isThere =
      row?.client_id === client_id &&
      row.seq === seq &&
      (row.encrypted_content === null || Buffer.compare(row.encrypted_content, content) === 0);
    if (!isThere) lost.push(`${client_id}, acknowledged as ${seq} of chat ${chat_id}`);
  }
  return lost;
}

function checkSeqs(chat: number, { messages, lastSeqs }: Contents, { others }: Violations): void {
  const rows = messages.get(chat) ?? [];
  const gap = rows.findIndex(({ seq }, at) => seq !== at + 1);
  if (gap !== -1) others.push(`chat ${chat} has seq ${rows[gap]!.seq} instead of ${gap + 1}`);
  if (lastSeqs.get(chat) !== rows.length) {
    others.push(`chat ${chat} has ${rows.length} messages, but last_seq ${lastSeqs.get(chat)}`);
  }
}

/** Checks that each row is a different message, which a client wrote and which did not fail. */
function checkOrigins(
  contents: Contents,
  clients: readonly Client[],
  violations: Violations,
): void {
  const written = new Set(
    clients.flatMap(({ record }) => record.written.map(({ client_id }) => client_id)),
  );
  const failed = new Set(clients.flatMap(({ record }) => [...record.failed.keys()]));
  const found = new Set<string>();
  for (const { client_id, chat_id, seq } of [...contents.messages.values()].flat()) {
    if (found.has(client_id))
      violations.duplicated.push(`${client_id}, again with seq ${seq} of chat ${chat_id}`);
    if (!written.has(client_id))
      violations.others.push(`no client wrote seq ${seq} of chat ${chat_id}`);
    if (failed.has(client_id)) violations.others.push(`${client_id} failed, but is stored`);
    found.add(client_id);
  }
}

/**
 * Checks that each written message was sent if its writer is a member of the chat, and failed otherwise, even after
 * crashes. Also checks that each chat stores the messages of a client in the order of writing.
 */
function checkWritten({ messages }: Contents, client: Client, { others }: Violations): void {
  const { written, sent, failed } = client.record;
  for (const { client_id, chat_id } of written) {
    const isMember = client.chats.includes(chat_id);
    if (sent.has(client_id) === failed.has(client_id)) {
      others.push(
        `${client_id} was ${sent.has(client_id) ? "both sent and failed" : "neither sent nor failed"}`,
      );
    } else if (isMember && failed.has(client_id)) {
      others.push(
        `${client_id} failed with ${failed.get(client_id)}, but its writer is a member of chat ${chat_id}`,
      );
    } else if (!isMember && sent.has(client_id)) {
      others.push(`${client_id} was sent to chat ${chat_id}, but its writer is not a member`);
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
      others.push(
        `${nameOf(client)}'s messages in chat ${chat} are not stored in the order of writing`,
      );
    }
  }
}

/** Checks that a client received each message of other clients once and in order. Deleted ones may be missing. */
function checkReceived(
  chat: number,
  contents: Contents,
  client: Client,
  violations: Violations,
): void {
  const rows = contents.messages.get(chat) ?? [];
  const own = new Set(client.record.written.map(({ client_id }) => client_id));
  const received = client.record.received.filter(
    ({ chat_id, client_id }) => chat_id === chat && !own.has(client_id!),
  );
  const ids = new Set<string>();
  let last = 0;
  for (const { client_id, seq, content } of received) {
    if (ids.has(client_id!))
      violations.duplicated.push(`${client_id}, delivered to ${nameOf(client)} again`);
    else if (seq! <= last)
      violations.others.push(`${nameOf(client)} received seq ${seq} of chat ${chat} out of order`);
    if (!isRow(rows[seq! - 1], client_id, content)) {
      violations.others.push(
        `${nameOf(client)} received ${client_id}, which is not seq ${seq} of chat ${chat}`,
      );
    }
    ids.add(client_id!);
    last = seq!;
  }
  const missing = rows.filter(
    (row) => row.encrypted_content !== null && !own.has(row.client_id) && !ids.has(row.client_id),
  );
  for (const { seq } of missing) {
    violations.others.push(`${nameOf(client)} did not receive seq ${seq} of chat ${chat}`);
  }
  const cursor = client.disk.cursors.get(chat);
  if (cursor !== contents.lastSeqs.get(chat)) {
    violations.others.push(
      `the cursor of ${nameOf(client)} is at ${cursor} of chat ${chat}, which has ${rows.length} messages`,
    );
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
