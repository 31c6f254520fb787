import * as z from "zod/mini";
import { randomBytes } from "../../../crypto/random.js";
import { MAX_CONTENT_BYTES } from "../../../limits.js";
import { type Ack, ChatMessage } from "../../../messages/chat.js";
import { defineMessage } from "../../../messages/define-message.js";
import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../failure.js";
import { randomUuid, type Sent, type Stage } from "../stage.js";

const WIRES = [1, 2] as const;

/** A message as it came, without what the server gives it. */
function asWritten({ message_id: _, seq: __, ...written }: ChatMessage): object {
  return written;
}

function seqsOf(sent: readonly Sent[]): number[] {
  return sent.map(({ ack }) => ack.seq).sort((a, b) => a - b);
}

function checkContiguous(seqs: readonly number[], from: number): void {
  const expected = seqs.map((_, at) => from + at);
  checkSame("the seqs", seqs, expected);
}

async function converseOn(stage: Stage, wire: 1 | 2) {
  const pair = await stage.pair();
  const fromAlice = await stage.connect(pair.alice, { wires: [wire] });
  const fromBob = await stage.connect(pair.bob, { wires: [wire] });
  return { ...pair, fromAlice, fromBob };
}

/** A message of any shape, right or wrong. */
const AnyMessage = /* @__PURE__ */ defineMessage(
  "message",
  /* @__PURE__ */ z.record(z.string(), z.unknown()),
);

/** What becomes of messages (section 11, S-11 to S-13). */
export const messages = [
  ...WIRES.map((wire) =>
    contractCase(
      "S-19",
      `on wire ${wire} a message is acknowledged, and comes to the other member`,
      async (stage) => {
        const { alice, chat_id, fromAlice, fromBob } = await converseOn(stage, wire);
        const { message, ack } = await stage.send(fromAlice, stage.message(chat_id, alice));
        checkSame("the ack's chat_id", ack.chat_id, chat_id);
        const { value } = await fromBob.next("message");
        checkSame("its client_id", value.client_id, message.client_id);
        checkSame("its message_id", value.message_id, ack.message_id);
        checkSame("its seq", value.seq, ack.seq);
      },
    ),
  ),
  contractCase(
    "S-19",
    "a message comes unchanged to the other member, on either wire",
    async (stage) => {
      const { alice, bob, chat_id } = await stage.pair();
      const fromAlice = await stage.connect(alice, { wires: [1] });
      const toBob = [
        await stage.connect(bob, { wires: [1] }),
        await stage.connect(bob, { wires: [2] }),
      ];
      for (const timestamp of [1_700_000_000, 1_700_000_000.123]) {
        const { message } = await stage.send(
          fromAlice,
          stage.message(chat_id, alice, { timestamp }),
        );
        for (const connection of toBob) {
          checkSame("the message", asWritten((await connection.next("message")).value), message);
        }
      }
    },
  ),
  contractCase(
    "S-19",
    "a message comes to the sender's other connections, and not back",
    async (stage) => {
      const { alice, chat_id, fromAlice } = await converseOn(stage, 2);
      const other = await stage.connect(alice);
      const { message } = await stage.send(fromAlice, stage.message(chat_id, alice));
      const isIt = ({ client_id }: ChatMessage) => client_id === message.client_id;
      await other.next("message", "that the other connection sent", isIt);
      await fromAlice.isQuiet();
    },
  ),
  contractCase("S-11", "what is acknowledged can be read, at once", async (stage) => {
    const { alice, chat_id, fromAlice } = await converseOn(stage, 2);
    for (let round = 1; round <= 5; round++) {
      await stage.send(fromAlice, stage.message(chat_id, alice));
      await stage.holds(alice, chat_id, round);
    }
  }),
  contractCase(
    "S-11",
    "seqs begin with 1 and have no holes, while both write at once",
    async (stage) => {
      const { alice, bob, chat_id, fromAlice, fromBob } = await converseOn(stage, 2);
      const ours = Array.from({ length: 10 }, () => stage.message(chat_id, alice));
      const theirs = Array.from({ length: 10 }, () => stage.message(chat_id, bob));
      for (const message of ours) fromAlice.send(ChatMessage, message);
      for (const message of theirs) fromBob.send(ChatMessage, message);
      const sent: Sent[] = [];
      for (const message of ours)
        sent.push({ message, ack: await stage.ackOf(fromAlice, message) });
      for (const message of theirs)
        sent.push({ message, ack: await stage.ackOf(fromBob, message) });
      checkContiguous(seqsOf(sent), 1);
    },
  ),
  contractCase(
    "S-11",
    "one sender's messages get their seqs in the order in which they came",
    async (stage) => {
      const { alice, chat_id, fromAlice } = await converseOn(stage, 2);
      const sent = Array.from({ length: 20 }, () => stage.message(chat_id, alice));
      for (const message of sent) fromAlice.send(ChatMessage, message);
      let before = 0;
      for (const message of sent) {
        const { seq } = await stage.ackOf(fromAlice, message);
        check(seq > before, `a seq after ${before}`, seq);
        before = seq;
      }
    },
  ),
  contractCase("S-11", "each chat counts for itself", async (stage) => {
    const [{ alice, chat_id }, carol] = [await stage.pair(), await stage.user()];
    const other = await stage.chat(alice, carol);
    const connection = await stage.connect(alice);
    for (const id of [chat_id, other]) {
      const { ack } = await stage.send(connection, stage.message(id, alice));
      checkSame("the first seq of a chat", ack.seq, 1);
    }
  }),
  contractCase("S-11", "a message that is refused takes no seq", async (stage) => {
    const { alice, bob, chat_id, fromAlice } = await converseOn(stage, 2);
    const [first] = await stage.converse(fromAlice, alice, chat_id, 1);
    fromAlice.send(ChatMessage, stage.message(chat_id, bob));
    await fromAlice.nextError();
    fromAlice.send(
      ChatMessage,
      stage.message(chat_id, alice, { ...first!.message, content: randomBytes(9) }),
    );
    await fromAlice.nextError();
    const [second] = await stage.converse(fromAlice, alice, chat_id, 1);
    check(second!.ack.seq === first!.ack.seq + 1, `seq ${first!.ack.seq + 1}`, second!.ack.seq);
  }),
  contractCase(
    "S-13",
    "a message in another's name is refused, and not rewritten",
    async (stage) => {
      const { alice, bob, chat_id, fromAlice, fromBob } = await converseOn(stage, 2);
      const forged = stage.message(chat_id, bob);
      fromAlice.send(ChatMessage, forged);
      const { details } = await fromAlice.nextError("ERR_FORBIDDEN");
      checkSame("the client_id that the error names", details?.client_id, forged.client_id);
      await fromAlice.isQuiet();
      await fromBob.isQuiet();
      await stage.holds(alice, chat_id, 0);
    },
  ),
  contractCase(
    "S-14",
    "a message that does not fit is refused, by the name of its client id",
    async (stage) => {
      const { alice, chat_id, fromAlice } = await converseOn(stage, 2);
      const sound = stage.message(chat_id, alice);
      const misfits = [
        { ...sound, nonce: randomBytes(16) },
        { ...sound, chat_id: "1" },
        { ...sound, timestamp: -1 },
        { ...sound, content: null },
      ];
      for (const misfit of misfits) {
        fromAlice.send(AnyMessage, misfit);
        const { details } = await fromAlice.nextError("ERR_VALIDATION");
        checkSame("the client_id that the error names", details?.client_id, sound.client_id);
      }
      fromAlice.send(AnyMessage, { ...sound, client_id: "00000000-0000-0000-0000-000000000000" });
      await fromAlice.nextError("ERR_VALIDATION");
      await fromAlice.isQuiet();
      await stage.holds(alice, chat_id, 0);
    },
  ),
  contractCase("S-19", "a content of 720,000 bytes is taken, on either wire", async (stage) => {
    for (const wire of WIRES) {
      const { alice, chat_id, fromAlice, fromBob } = await converseOn(stage, wire);
      const content = new Uint8Array(MAX_CONTENT_BYTES).fill(7);
      await stage.send(fromAlice, stage.message(chat_id, alice, { content }));
      checkSame(
        "its length",
        (await fromBob.next("message")).value.content.length,
        MAX_CONTENT_BYTES,
      );
    }
  }),
  contractCase("S-19", "a content of 720,001 bytes is refused", async (stage) => {
    const { alice, chat_id, fromAlice } = await converseOn(stage, 2);
    const content = new Uint8Array(MAX_CONTENT_BYTES + 1);
    fromAlice.send(AnyMessage, { ...stage.message(chat_id, alice), content });
    await fromAlice.nextError("ERR_VALIDATION");
    await fromAlice.isQuiet();
  }),
  contractCase(
    "S-12",
    "a client id that comes again is acknowledged as before, and stored once",
    async (stage) => {
      const { alice, chat_id, fromAlice, fromBob } = await converseOn(stage, 2);
      const { message, ack } = await stage.send(fromAlice, stage.message(chat_id, alice));
      await fromBob.next("message");
      for (let times = 0; times < 3; times++) {
        checkSame("the ack", (await stage.send(fromAlice, message)).ack, ack);
      }
      await fromBob.isQuiet();
      await stage.converse(fromAlice, alice, chat_id, 1);
      await stage.holds(alice, chat_id, 2);
    },
  ),
  contractCase(
    "S-12",
    "a message is the same on another connection, and on another wire",
    async (stage) => {
      const { alice, chat_id } = await stage.pair();
      const first = await stage.connect(alice, { wires: [2] });
      const { message, ack } = await stage.send(first, stage.message(chat_id, alice));
      first.end();
      const second = await stage.connect(alice, { wires: [1] });
      checkSame("the ack", (await stage.send(second, message)).ack, ack);
    },
  ),
  contractCase(
    "S-12",
    "a client id that is in two frames at once is one message",
    async (stage) => {
      const { alice, chat_id } = await stage.pair();
      const connections = [await stage.connect(alice), await stage.connect(alice)];
      const message = stage.message(chat_id, alice);
      for (const connection of connections) connection.send(ChatMessage, message);
      const acks: Ack[] = [];
      for (const connection of connections) acks.push(await stage.ackOf(connection, message));
      checkSame("the second ack", acks[1], acks[0]);
    },
  ),
  contractCase("S-12", "a client id with another body is refused", async (stage) => {
    const { alice, chat_id, fromAlice } = await converseOn(stage, 2);
    const { message } = await stage.send(fromAlice, stage.message(chat_id, alice));
    const others = [
      { content: randomBytes(144) },
      { nonce: randomBytes(12) },
      { timestamp: message.timestamp + 1 },
    ];
    for (const other of others) {
      fromAlice.send(ChatMessage, { ...message, ...other });
      const { details } = await fromAlice.nextError("ERR_CLIENT_ID_REUSED");
      checkSame("the client_id that the error names", details?.client_id, message.client_id);
    }
    await fromAlice.isQuiet();
  }),
  contractCase("S-12", "client ids are each sender's and each chat's own", async (stage) => {
    const { alice, bob, chat_id, fromAlice, fromBob } = await converseOn(stage, 2);
    const carol = await stage.user();
    const other = await stage.chat(alice, carol);
    const client_id = randomUuid();
    const ofAlice = await stage.send(fromAlice, stage.message(chat_id, alice, { client_id }));
    const ofBob = await stage.send(fromBob, stage.message(chat_id, bob, { client_id }));
    check(ofBob.ack.seq !== ofAlice.ack.seq, "a seq of its own", ofBob.ack);
    await stage.send(fromAlice, stage.message(other, alice, { client_id }));
  }),
];
