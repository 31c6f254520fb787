import type { ChatMessage } from "lacre";
import type { OutgoingMessage } from "lacre/session";
import { describe, expect, it } from "vitest";
import type { Client } from "../../harness/client/client.js";
import { ClientRecord } from "../../harness/client/record.js";
import type { Contents, MessageRow } from "../../harness/verify/contents.js";
import { findViolations } from "../../harness/verify/guarantees.js";

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

/** Creates two members of a chat: the first wrote three messages, and the second received them. */
function createState() {
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

type State = ReturnType<typeof createState>;

function violationsAfter(change: (state: State) => void = () => {}) {
  const state = createState();
  change(state);
  const contents: Contents = {
    messages: new Map([[CHAT, state.rows]]),
    lastSeqs: new Map([[CHAT, state.lastSeq]]),
  };
  return findViolations(contents, [state.writer, state.reader]);
}

it("finds no violation if all guarantees hold", () => {
  expect(violationsAfter()).toEqual({ lost: [], duplicated: [], others: [] });
});

it("accepts messages whose content was deleted since, read or unread", () => {
  const deleted = violationsAfter(({ rows, reader }) => {
    rows[1] = { ...row(2), encrypted_content: null };
    reader.record.received.splice(1, 1);
  });
  expect(deleted).toEqual({ lost: [], duplicated: [], others: [] });
});

const faults: [string, "lost" | "duplicated" | "others", RegExp, (state: State) => void][] = [
  [
    "an acknowledged message that is not stored",
    "lost",
    /message 3 of 7, acknowledged as 3/,
    (state) => {
      state.rows.pop();
      state.lastSeq = 2;
    },
  ],
  [
    "an acknowledged message that is stored with other content",
    "lost",
    /message 2 of 7/,
    ({ rows }) => {
      rows[1] = { ...row(2), encrypted_content: new Uint8Array([9]) };
    },
  ],
  [
    "a message that is stored twice",
    "duplicated",
    /message 3 of 7, again with seq 4 of chat 7/,
    (state) => {
      state.rows.push({ ...row(3), seq: 4 });
      state.lastSeq = 4;
    },
  ],
  [
    "a message that is delivered twice",
    "duplicated",
    /message 3 of 7, delivered to user 2 again/,
    ({ reader }) => void reader.record.received.push(received(3)),
  ],
  [
    "messages that are delivered in the wrong order",
    "others",
    /user 2 received seq 2 of chat 7 out of order/,
    ({ reader }) => void reader.record.received.splice(0, 3, received(1), received(3), received(2)),
  ],
  [
    "messages that are not stored in the order of writing",
    "others",
    /not stored in the order of writing/,
    ({ writer }) => void writer.record.written.reverse(),
  ],
  [
    "a message that is not delivered",
    "others",
    /user 2 did not receive seq 2 of chat 7/,
    ({ reader }) => void reader.record.received.splice(1, 1),
  ],
  [
    "a gap between the seqs",
    "others",
    /chat 7 has seq 3 instead of 2/,
    ({ rows }) => void rows.splice(1, 1),
  ],
  [
    "a last_seq that is not the seq of the last message",
    "others",
    /3 messages, but last_seq 4/,
    (state) => {
      state.lastSeq = 4;
    },
  ],
  [
    "a message that no client wrote",
    "others",
    /no client wrote seq 3 of chat 7/,
    ({ writer }) => void writer.record.written.pop(),
  ],
  [
    "a message that is neither sent nor failed",
    "others",
    /message 3 of 7 was neither sent nor failed/,
    ({ writer }) => void writer.record.sent.delete(message(3).client_id),
  ],
  [
    "a message that failed in a chat of which its writer is a member",
    "others",
    /message 4 of 7 failed with ERR_INTERNAL, but its writer is a member of chat 7/,
    ({ writer }) => {
      writer.record.written.push(message(4));
      writer.record.failed.set(message(4).client_id, "ERR_INTERNAL");
    },
  ],
  [
    "a message that is sent to a chat of which its writer is not a member",
    "others",
    /was sent to chat 8, but its writer is not a member/,
    ({ writer }) => {
      writer.record.written.push(message(1, OTHER_CHAT));
      writer.record.sent.set(message(1, OTHER_CHAT).client_id, 1);
    },
  ],
  [
    "an error that no client should receive",
    "others",
    /user 2 received .*gap/,
    ({ reader }) => void reader.record.unexpected.push("gap"),
  ],
];

describe("finds", () => {
  it.each(faults)("%s", (_, kind, problem, change) => {
    expect(violationsAfter(change)[kind]).toContainEqual(expect.stringMatching(problem));
  });
});
