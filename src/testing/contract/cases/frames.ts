import { CLOSE } from "../../../connection/close-codes.js";
import { MAX_FRAME_BYTES } from "../../../limits.js";
import { invalidPayloads } from "../../invalid-payloads.js";
import type { User } from "../accounts.js";
import { connectionKeys, random, signedFrame } from "../codec.js";
import type { Connection, FrameOverrides } from "../connection.js";
import { type ContractCase, websocketCase } from "../contract-case.js";
import { checkSame } from "../contract-error.js";
import type { Fixture } from "../fixture.js";

const WIRES = [1, 2] as const;

/** Creates a chat of Alice and Bob, and connects Alice on a wire. */
async function aliceOn(fixture: Fixture, wire: 1 | 2) {
  const pair = await fixture.pair();
  return { ...pair, connection: await fixture.connect(pair.alice, { wires: [wire] }) };
}

/** Defines a case: the server rejects a changed frame with a code, stores nothing, and keeps the connection open. */
function rejects(
  requirement: string,
  name: string,
  code: string,
  overridesOf: (
    connection: Connection,
    alice: User,
    fixture: Fixture,
  ) => FrameOverrides | Promise<FrameOverrides>,
): ContractCase {
  return websocketCase(requirement, name, async (fixture) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(fixture, wire);
      const overrides = await overridesOf(connection, alice, fixture);
      connection.send("message", fixture.message(chat_id, alice), overrides);
      await connection.nextError(code);
      await connection.expectNothing();
      await fixture.expectStored(alice, chat_id, 0);
    }
  });
}

/** An invalid payload of each kind (docs/PROTOCOL.md, section 2). */
const hostile = invalidPayloads.filter(
  ({ kind }, at) => at === invalidPayloads.findIndex((one) => one.kind === kind),
);

/** Frames of a connection (docs/PROTOCOL.md, sections 2 to 6 and 11). */
export const frames = [
  websocketCase(
    "S-3",
    "signs all frames after the welcome with the connection's server key",
    async (fixture) => {
      for (const wire of WIRES) {
        const { alice, chat_id, connection } = await aliceOn(fixture, wire);
        const other = await fixture.connect(alice);
        connection.send("message", fixture.message(chat_id, alice));
        connection.send("heartbeat", { sent_at: 1 });
        const received = [await connection.next("ack"), await connection.next("heartbeat")];
        for (const { type, signer } of [...received, await other.next("message")]) {
          checkSame(`the signer of ${type}`, signer, "connection server");
        }
      }
    },
  ),
  websocketCase("S-3", "sends all frames after the welcome on the chosen wire", async (fixture) => {
    for (const wire of WIRES) {
      const { alice, bob, chat_id, connection } = await aliceOn(fixture, wire);
      const fromBob = await fixture.connect(bob, { wires: [wire === 1 ? 2 : 1] });
      fromBob.send("message", fixture.message(chat_id, bob));
      connection.send("message", fixture.message(chat_id, alice));
      for (const { type, message } of [
        await connection.next("message"),
        await connection.next("ack"),
      ]) {
        checkSame(`the wire of ${type}`, message.wire, wire);
      }
    }
  }),
  websocketCase(
    "O-4",
    "closes the connection with 4000 after a frame on another wire",
    async (fixture) => {
      for (const wire of WIRES) {
        const { alice, chat_id, connection } = await aliceOn(fixture, wire);
        const other = wire === 1 ? 2 : 1;
        connection.send("message", fixture.message(chat_id, alice), { wire: other });
        await connection.expectClose(CLOSE.protocolError);
        await fixture.expectStored(alice, chat_id, 0);
      }
    },
  ),
  rejects(
    "S-3",
    "rejects a frame under a session key that is not derived with the connection's nonces",
    "ERR_VERIFY",
    (_, { sessionKey }) => ({ key: connectionKeys(sessionKey).client }),
  ),
  rejects(
    "K-3",
    "rejects a frame under the key of the server's direction",
    "ERR_VERIFY",
    ({ keys }) => ({ key: keys.server }),
  ),
  rejects(
    "S-3",
    "rejects a frame under the key of another connection of the session",
    "ERR_VERIFY",
    async (_, alice, fixture) => ({ key: (await fixture.connect(alice)).keys.client }),
  ),
  rejects("O-1", "rejects a frame under an unknown key", "ERR_VERIFY", () => ({
    key: random(32),
  })),
  rejects("O-2", "rejects a frame that is too old", "ERR_EXPIRED", () => ({ age: 600 })),
  rejects("O-2", "rejects a frame from the future", "ERR_FROM_FUTURE", () => ({
    age: -600,
  })),
  websocketCase("O-3", "rejects a repeated frame", async (fixture) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(fixture, wire);
      const message = fixture.message(chat_id, alice);
      const frame = connection.send("message", message);
      await fixture.ackOf(connection, message);
      connection.sendRaw(frame);
      await connection.nextError("ERR_REPLAYED");
      await connection.expectNothing();
    }
  }),
  websocketCase("O-1", "rejects a frame with a changed bit", async (fixture) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(fixture, wire);
      const { client } = connection.keys;
      const payload = fixture.message(chat_id, alice);
      const timestamp = connection.serverTime;
      const frame = signedFrame({ type: "message", payload, timestamp, wire }, client);
      frame[frame.length - 1]! ^= 1;
      connection.sendRaw(frame);
      await connection.nextError("ERR_VERIFY");
      await connection.expectNothing();
      await fixture.expectStored(alice, chat_id, 0);
    }
  }),
  websocketCase(
    "M-2",
    "rejects a malformed or too large payload that is correctly signed",
    async (fixture) => {
      for (const wire of WIRES) {
        const { connection } = await aliceOn(fixture, wire);
        for (const { payload, code } of hostile) {
          connection.send("message", payload);
          await connection.nextError(code);
        }
        await connection.expectNothing();
      }
    },
  ),
  websocketCase("S-19", "rejects bytes that are not a frame, and text", async (fixture) => {
    const { connection } = await aliceOn(fixture, 2);
    for (const data of [Uint8Array.of(0xc1), new Uint8Array(), "hola"]) {
      connection.sendRaw(data);
      await connection.nextError("ERR_MALFORMED");
    }
    await connection.expectNothing();
  }),
  websocketCase("S-19", "rejects a message of an unknown type", async (fixture) => {
    const { connection } = await aliceOn(fixture, 2);
    connection.send("unknown-type", { sent_at: 1 });
    await connection.nextError();
    await connection.expectNothing();
  }),
  websocketCase("S-8", "answers a heartbeat with the same sent_at", async (fixture) => {
    for (const wire of WIRES) {
      const { connection } = await aliceOn(fixture, wire);
      for (const sent_at of [0, 1_700_000_000.25]) {
        connection.send("heartbeat", { sent_at });
        checkSame("sent_at", (await connection.next("heartbeat")).value.sent_at, sent_at);
      }
    }
  }),
  websocketCase(
    "S-8",
    "counts the frames of both ends in the answer to a heartbeat",
    async (fixture) => {
      for (const wire of WIRES) {
        const { alice, bob, chat_id, connection } = await aliceOn(fixture, wire);
        const fromBob = await fixture.connect(bob);
        for (let count = 0; count < 3; count++) {
          await fixture.send(fromBob, fixture.message(chat_id, bob));
          await fixture.send(connection, fixture.message(chat_id, alice));
          await connection.next("message");
        }
        connection.send("heartbeat", { sent_at: 1 });
        const { sent } = connection.counts;
        const { value } = await connection.next("heartbeat");
        checkSame("received", value.received, sent);
        checkSame("sent", value.sent, connection.counts.received - 1);
      }
    },
  ),
  websocketCase(
    "M-1",
    "rejects a frame of more than 1,048,576 bytes, or closes the connection",
    async (fixture) => {
      const { connection } = await aliceOn(fixture, 2);
      connection.sendRaw(new Uint8Array(MAX_FRAME_BYTES + 1));
      await connection.expectErrorOrClose("ERR_BOUND_EXCEEDED", CLOSE.tooBig);
    },
  ),
];
