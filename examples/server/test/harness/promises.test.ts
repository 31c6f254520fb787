import type { ChatMessage } from "lacre";
import type { OutgoingMessage } from "lacre/session";
import { describe, expect, it } from "vitest";
import type { Client } from "../../harness/client/client.js";
import { ClientRecord } from "../../harness/client/record.js";
import type { Contents, MessageRow } from "../../harness/verify/contents.js";
import { findBroken } from "../../harness/verify/promises.js";

const CHAT = 7;
const OTHER_CHAT = 8;

const message = (seq: number, chat_id = CHAT): OutgoingMessage => ({
  ...{ chat_id, sender_id: 1, timestamp: 1, client_id: `message ${seq} of ${chat_id}` },
  ...{ content: new Uint8Array([seq]), nonce: new Uint8Array(12) },
});
const received = (seq: number): ChatMessage => ({ ...message(seq), seq });
const row = (seq: number): MessageRow => ({
  ...{ chat_id: CHAT, seq, client_id: message(seq).client_id },
  encrypted_content: message(seq).content,
});

/** Two members of a chat: the first wrote three messages, and the second received them. */
function world() {
  const member = (userId: number) =>
    ({
      ...{ userId, record: new ClientRecord(), chats: [CHAT] },
      disk: { cursors: new Map([[CHAT, 3]]) },
    }) as unknown as Client;
  const [writer, reader] = [member(1), member(2)];
  for (const seq of [1, 2, 3]) {
    writer.record.written.push(message(seq));
    writer.record.sent.set(message(seq).client_id, seq);
    reader.record.received.push(received(seq));
  }
  return { rows: [row(1), row(2), row(3)], lastSeq: 3, writer, reader };
}

type World = ReturnType<typeof world>;

function verdict(plant: (world: World) => void = () => {}) {
  const planted = world();
  plant(planted);
  const contents: Contents = {
    messages: new Map([[CHAT, planted.rows]]),
    lastSeqs: new Map([[CHAT, planted.lastSeq]]),
  };
  return findBroken(contents, [planted.writer, planted.reader]);
}

it("finds nothing wrong where every promise is kept", () => {
  expect(verdict()).toEqual({ lost: [], doubled: [], others: [] });
});

it("accepts messages whose content was deleted since, read or unread", () => {
  const deleted = verdict(({ rows, reader }) => {
    rows[1] = { ...row(2), encrypted_content: null };
    reader.record.received.splice(1, 1);
  });
  expect(deleted).toEqual({ lost: [], doubled: [], others: [] });
});

const faults: [string, "lost" | "doubled" | "others", RegExp, (world: World) => void][] = [
  [
    "an acknowledged message that is not stored",
    "lost",
    /message 3 of 7, acknowledged as 3/,
    (world) => {
      world.rows.pop();
      world.lastSeq = 2;
    },
  ],
  [
    "an acknowledged message that is stored with another content",
    "lost",
    /message 2 of 7/,
    ({ rows }) => {
      rows[1] = { ...row(2), encrypted_content: new Uint8Array([9]) };
    },
  ],
  [
    "a message that is stored twice",
    "doubled",
    /message 3 of 7, again as 4/,
    (world) => {
      world.rows.push({ ...row(3), seq: 4 });
      world.lastSeq = 4;
    },
  ],
  [
    "a message that is delivered twice",
    "doubled",
    /message 3 of 7, handed to user 2 again/,
    ({ reader }) => void reader.record.received.push(received(3)),
  ],
  [
    "messages that are delivered in the wrong order",
    "others",
    /user 2 got 2 of 7 too late/,
    ({ reader }) => void reader.record.received.splice(0, 3, received(1), received(3), received(2)),
  ],
  [
    "messages that are stored in another order than they were written in",
    "others",
    /not in the order of writing/,
    ({ writer }) => void writer.record.written.reverse(),
  ],
  [
    "a message that is not delivered",
    "others",
    /user 2 never got 2/,
    ({ reader }) => void reader.record.received.splice(1, 1),
  ],
  [
    "a gap between the seqs",
    "others",
    /chat 7 has 3 where 2 should be/,
    ({ rows }) => void rows.splice(1, 1),
  ],
  [
    "a last_seq that is not the last message's",
    "others",
    /3 messages, and last_seq 4/,
    (world) => {
      world.lastSeq = 4;
    },
  ],
  [
    "a message that no client wrote",
    "others",
    /nobody wrote 3/,
    ({ writer }) => void writer.record.written.pop(),
  ],
  [
    "a message that is neither sent nor failed",
    "others",
    /message 3 of 7 was never settled/,
    ({ writer }) => void writer.record.sent.delete(message(3).client_id),
  ],
  [
    "a message that failed in a chat of its writer",
    "others",
    /message 4 of 7 failed with ERR_INTERNAL in its writer's chat 7/,
    ({ writer }) => {
      writer.record.written.push(message(4));
      writer.record.failed.set(message(4).client_id, "ERR_INTERNAL");
    },
  ],
  [
    "a message that is sent to a chat of others",
    "others",
    /was sent to chat 8, of which its writer is no member/,
    ({ writer }) => {
      writer.record.written.push(message(1, OTHER_CHAT));
      writer.record.sent.set(message(1, OTHER_CHAT).client_id, 1);
    },
  ],
  [
    "an error that no client should receive",
    "others",
    /user 2 heard .*gap/,
    ({ reader }) => void reader.record.surprises.push("gap"),
  ],
];

describe("finds", () => {
  it.each(faults)("%s", (_, kind, problem, plant) => {
    expect(verdict(plant)[kind]).toContainEqual(expect.stringMatching(problem));
  });
});
