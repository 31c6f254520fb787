import { MAX_CONTENT_BYTES } from "../../../limits.js";
import type { Ack, ChatMessage } from "../../../messages/chat.js";
import { random } from "../codec.js";
import { websocketCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import { type Fixture, randomUuid, type Sent } from "../fixture.js";

const WIRES = [1, 2] as const;

/** Returns a received message without the fields that the server sets. */
function asWritten(message: ChatMessage): object {
  const { message_id: _, seq: __, stored_at: ___, ...written } = message;
  return written;
}

function seqsOf(sent: readonly Sent[]): number[] {
  return sent.map(({ ack }) => ack.seq).sort((a, b) => a - b);
}

function checkContiguous(seqs: readonly number[], from: number): void {
  const expected = seqs.map((_, at) => from + at);
  checkSame("the seqs", seqs, expected);
}

async function connectPair(fixture: Fixture, wire: 1 | 2) {
  const pair = await fixture.pair();
  const fromAlice = await fixture.connect(pair.alice, { wires: [wire] });
  const fromBob = await fixture.connect(pair.bob, { wires: [wire] });
  return { ...pair, fromAlice, fromBob };
}

const afterWire1 = {
  dependsOn: ["acknowledges a message on wire 1, and delivers it to the other member"],
};
const afterRepetition = {
  dependsOn: ["acknowledges a repeated client id as before, and stores the message once"],
};

/** Messages over a WebSocket (docs/PROTOCOL.md, section 11, S-11 to S-14 and S-19). */
export const messages = [
  ...WIRES.map((wire) =>
    websocketCase(
      "S-19",
      `acknowledges a message on wire ${wire}, and delivers it to the other member`,
      async (fixture) => {
        const { alice, chat_id, fromAlice, fromBob } = await connectPair(fixture, wire);
        const message = fixture.message(chat_id, alice);
        const ack = await fixture.ackFor(fromAlice, message);
        checkSame("the ack's chat_id", ack.chat_id, chat_id);
        const { value } = await fromBob.next("message");
        checkSame("its client_id", value.client_id, message.client_id);
        checkSame("its message_id", value.message_id, ack.message_id);
        checkSame("its seq", value.seq, ack.seq);
      },
      wire === 1 ? {} : afterWire1,
    ),
  ),
  websocketCase(
    "S-19",
    "delivers a message unchanged to the other member on either wire",
    async (fixture) => {
      const { alice, bob, chat_id } = await fixture.pair();
      const fromAlice = await fixture.connect(alice, { wires: [1] });
      const toBob = [
        await fixture.connect(bob, { wires: [1] }),
        await fixture.connect(bob, { wires: [2] }),
      ];
      for (const timestamp of [1_700_000_000, 1_700_000_000.123]) {
        const { message } = await fixture.send(
          fromAlice,
          fixture.message(chat_id, alice, { timestamp }),
        );
        for (const connection of toBob) {
          checkSame("the message", asWritten((await connection.next("message")).value), message);
        }
      }
    },
    afterWire1,
  ),
  websocketCase(
    "S-19",
    "delivers a message to the sender's other connections, but not to the sending one",
    async (fixture) => {
      const { alice, chat_id, fromAlice } = await connectPair(fixture, 2);
      const other = await fixture.connect(alice);
      const { message } = await fixture.send(fromAlice, fixture.message(chat_id, alice));
      const isIt = ({ client_id }: ChatMessage) => client_id === message.client_id;
      await other.next("message", "that the other connection sent", isIt);
      await fromAlice.expectNothing();
    },
    afterWire1,
  ),
  websocketCase(
    "S-19",
    "delivers a message without a client id, and does not acknowledge it",
    async (fixture) => {
      for (const wire of WIRES) {
        const { alice, chat_id, fromAlice, fromBob } = await connectPair(fixture, wire);
        const { client_id: _, ...message } = fixture.message(chat_id, alice);
        fromAlice.send("message", message);
        const { value } = await fromBob.next("message");
        checkSame("its nonce", value.nonce, message.nonce);
        checkSame("its client_id", value.client_id, undefined);
        await fromAlice.expectNothing();
      }
    },
    afterWire1,
  ),
  websocketCase("S-11", "returns a message immediately after its ack", async (fixture) => {
    const { alice, chat_id, fromAlice } = await connectPair(fixture, 2);
    for (let round = 1; round <= 5; round++) {
      await fixture.send(fromAlice, fixture.message(chat_id, alice));
      await fixture.expectStored(alice, chat_id, round);
    }
  }),
  websocketCase(
    "S-11",
    "assigns seqs from 1 without gaps while both members send",
    async (fixture) => {
      const { alice, bob, chat_id, fromAlice, fromBob } = await connectPair(fixture, 2);
      const ours = Array.from({ length: 10 }, () => fixture.message(chat_id, alice));
      const theirs = Array.from({ length: 10 }, () => fixture.message(chat_id, bob));
      for (const message of ours) fromAlice.send("message", message);
      for (const message of theirs) fromBob.send("message", message);
      const sent: Sent[] = [];
      for (const message of ours)
        sent.push({ message, ack: await fixture.ackOf(fromAlice, message) });
      for (const message of theirs)
        sent.push({ message, ack: await fixture.ackOf(fromBob, message) });
      checkContiguous(seqsOf(sent), 1);
    },
    afterWire1,
  ),
  websocketCase(
    "S-11",
    "assigns seqs to one sender's messages in the order of arrival",
    async (fixture) => {
      const { alice, chat_id, fromAlice } = await connectPair(fixture, 2);
      const sent = Array.from({ length: 20 }, () => fixture.message(chat_id, alice));
      for (const message of sent) fromAlice.send("message", message);
      let before = 0;
      for (const message of sent) {
        const { seq } = await fixture.ackOf(fromAlice, message);
        check(seq > before, `a seq after ${before}`, seq);
        before = seq;
      }
    },
    afterWire1,
  ),
  websocketCase(
    "S-11",
    "counts seqs per chat",
    async (fixture) => {
      const [{ alice, chat_id }, carol] = [await fixture.pair(), await fixture.user()];
      const other = await fixture.chat(alice, carol);
      const connection = await fixture.connect(alice);
      for (const id of [chat_id, other]) {
        const { ack } = await fixture.send(connection, fixture.message(id, alice));
        checkSame("the first seq of a chat", ack.seq, 1);
      }
    },
    { dependsOn: ["assigns seqs from 1 without gaps while both members send"] },
  ),
  websocketCase(
    "S-11",
    "assigns no seq to a rejected message",
    async (fixture) => {
      const { alice, bob, chat_id, fromAlice } = await connectPair(fixture, 2);
      const [first] = await fixture.sendMany(fromAlice, alice, chat_id, 1);
      fromAlice.send("message", fixture.message(chat_id, bob));
      await fromAlice.nextError();
      fromAlice.send(
        "message",
        fixture.message(chat_id, alice, { ...first!.message, content: random(9) }),
      );
      await fromAlice.nextError();
      const [second] = await fixture.sendMany(fromAlice, alice, chat_id, 1);
      check(second!.ack.seq === first!.ack.seq + 1, `seq ${first!.ack.seq + 1}`, second!.ack.seq);
    },
    {
      dependsOn: [
        "assigns seqs from 1 without gaps while both members send",
        "rejects a message in another user's name",
        "rejects a used client id with another body",
      ],
    },
  ),
  websocketCase("S-13", "rejects a message in another user's name", async (fixture) => {
    const { alice, bob, chat_id, fromAlice, fromBob } = await connectPair(fixture, 2);
    const forged = fixture.message(chat_id, bob);
    fromAlice.send("message", forged);
    const { details } = await fromAlice.nextError("ERR_FORBIDDEN");
    checkSame("the client_id that the error names", details?.client_id, forged.client_id);
    await fromAlice.expectNothing();
    await fromBob.expectNothing();
    await fixture.expectStored(alice, chat_id, 0);
  }),
  websocketCase("S-14", "rejects an invalid message, and names its client id", async (fixture) => {
    const { alice, chat_id, fromAlice } = await connectPair(fixture, 2);
    const valid = fixture.message(chat_id, alice);
    const invalidValues = [
      { ...valid, nonce: random(16) },
      { ...valid, chat_id: "1" },
      { ...valid, timestamp: -1 },
      { ...valid, content: null },
    ];
    for (const invalid of invalidValues) {
      fromAlice.send("message", invalid);
      const { details } = await fromAlice.nextError("ERR_VALIDATION");
      checkSame("the client_id that the error names", details?.client_id, valid.client_id);
    }
    fromAlice.send("message", { ...valid, client_id: "00000000-0000-0000-0000-000000000000" });
    await fromAlice.nextError("ERR_VALIDATION");
    await fromAlice.expectNothing();
    await fixture.expectStored(alice, chat_id, 0);
  }),
  websocketCase(
    "S-19",
    "accepts a content of 720,000 bytes on either wire",
    async (fixture) => {
      for (const wire of WIRES) {
        const { alice, chat_id, fromAlice, fromBob } = await connectPair(fixture, wire);
        const content = new Uint8Array(MAX_CONTENT_BYTES).fill(7);
        await fixture.ackFor(fromAlice, fixture.message(chat_id, alice, { content }));
        checkSame(
          "its length",
          (await fromBob.next("message")).value.content.length,
          MAX_CONTENT_BYTES,
        );
      }
    },
    afterWire1,
  ),
  websocketCase("S-19", "rejects a content of 720,001 bytes", async (fixture) => {
    const { alice, chat_id, fromAlice } = await connectPair(fixture, 2);
    const content = new Uint8Array(MAX_CONTENT_BYTES + 1);
    fromAlice.send("message", { ...fixture.message(chat_id, alice), content });
    await fromAlice.nextError("ERR_VALIDATION");
    await fromAlice.expectNothing();
  }),
  websocketCase(
    "S-12",
    "acknowledges a repeated client id as before, and stores the message once",
    async (fixture) => {
      const { alice, chat_id, fromAlice, fromBob } = await connectPair(fixture, 2);
      const { message, ack } = await fixture.send(fromAlice, fixture.message(chat_id, alice));
      await fixture.delivered(fromBob);
      for (let times = 0; times < 3; times++) {
        checkSame("the ack", await fixture.ackFor(fromAlice, message), ack);
      }
      await fromBob.expectNothing();
      await fixture.sendMany(fromAlice, alice, chat_id, 1);
      await fixture.expectStored(alice, chat_id, 2);
    },
    afterWire1,
  ),
  websocketCase(
    "S-12",
    "recognises a repeated message on another connection and another wire",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const first = await fixture.connect(alice, { wires: [2] });
      const { message, ack } = await fixture.send(first, fixture.message(chat_id, alice));
      first.end();
      const second = await fixture.connect(alice, { wires: [1] });
      checkSame("the ack", await fixture.ackFor(second, message), ack);
    },
    afterRepetition,
  ),
  websocketCase(
    "S-12",
    "stores one message for two simultaneous frames with the same client id",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const connections = [await fixture.connect(alice), await fixture.connect(alice)];
      const message = fixture.message(chat_id, alice);
      for (const connection of connections) connection.send("message", message);
      const acks: Ack[] = [];
      for (const connection of connections) acks.push(await fixture.ackOf(connection, message));
      checkSame("the second ack", acks[1], acks[0]);
    },
    afterRepetition,
  ),
  websocketCase(
    "S-12",
    "rejects a used client id with another body",
    async (fixture) => {
      const { alice, chat_id, fromAlice } = await connectPair(fixture, 2);
      const { message } = await fixture.send(fromAlice, fixture.message(chat_id, alice));
      const others = [
        { content: random(144) },
        { nonce: random(12) },
        { timestamp: message.timestamp + 1 },
      ];
      for (const other of others) {
        fromAlice.send("message", { ...message, ...other });
        const { details } = await fromAlice.nextError("ERR_CLIENT_ID_REUSED");
        checkSame("the client_id that the error names", details?.client_id, message.client_id);
      }
      await fromAlice.expectNothing();
    },
    afterRepetition,
  ),
  websocketCase(
    "S-12",
    "keeps client ids of different senders and chats apart",
    async (fixture) => {
      const { alice, bob, chat_id, fromAlice, fromBob } = await connectPair(fixture, 2);
      const carol = await fixture.user();
      const other = await fixture.chat(alice, carol);
      const client_id = randomUuid();
      const ofAlice = await fixture.send(fromAlice, fixture.message(chat_id, alice, { client_id }));
      const ofBob = await fixture.ackFor(fromBob, fixture.message(chat_id, bob, { client_id }));
      check(ofBob.seq !== ofAlice.ack.seq, "a seq of its own", ofBob);
      await fixture.ackFor(fromAlice, fixture.message(other, alice, { client_id }));
    },
  ),
];
