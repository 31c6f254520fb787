import { CLOSE } from "../../../connection/close-codes.js";
import { MAX_FRAME_BYTES } from "../../../limits.js";
import { invalidPayloads } from "../../invalid-payloads.js";
import type { User } from "../accounts.js";
import {
  connectionKeys,
  random,
  reversedFrame,
  signedFrame,
  withUpperCaseSignature,
} from "../codec.js";
import { type Connection, type FrameOverrides, UNSUPPORTED_DATA } from "../connection.js";
import { type CaseOptions, type ContractCase, websocketCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import type { Fixture } from "../fixture.js";

const WIRES = [1, 2] as const;
const afterMessage = {
  dependsOn: ["acknowledges a message on wire 1, and delivers it to the other member"],
};

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
  options?: CaseOptions,
): ContractCase {
  const test = async (fixture: Fixture) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(fixture, wire);
      const overrides = await overridesOf(connection, alice, fixture);
      connection.send("message", fixture.message(chat_id, alice), overrides);
      await connection.nextError(code);
      await connection.expectNothing();
      await fixture.expectStored(alice, chat_id, 0);
    }
  };
  return websocketCase(requirement, name, test, options);
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
    afterMessage,
  ),
  websocketCase(
    "S-3",
    "sends all frames after the welcome on the chosen wire",
    async (fixture) => {
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
    },
    afterMessage,
  ),
  websocketCase(
    "S-3",
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
    { dependsOn: ["signs all frames after the welcome with the connection's server key"] },
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
  websocketCase(
    "O-3",
    "rejects a repeated frame",
    async (fixture) => {
      for (const wire of WIRES) {
        const { alice, chat_id, connection } = await aliceOn(fixture, wire);
        const message = fixture.message(chat_id, alice);
        const frame = connection.send("message", message);
        await fixture.ackOf(connection, message);
        connection.sendRaw(frame);
        await connection.nextError("ERR_REPLAYED");
        await connection.expectNothing();
      }
    },
    afterMessage,
  ),
  rejects(
    "S-3a",
    "rejects a new frame whose timestamp is not greater than that of the frame before",
    "ERR_REPLAYED",
    () => ({ age: 200 }),
    { dependsOn: ["rejects a repeated frame"] },
  ),
  websocketCase("S-3a", "signs each frame with a greater timestamp", async (fixture) => {
    for (const wire of WIRES) {
      const { connection } = await aliceOn(fixture, wire);
      let before = 0;
      for (let sent_at = 1; sent_at <= 10; sent_at++) connection.send("heartbeat", { sent_at });
      for (let count = 1; count <= 10; count++) {
        const { timestamp } = (await connection.next("heartbeat")).message;
        check(timestamp > before, `a timestamp after ${before}`, timestamp);
        before = timestamp;
      }
    }
  }),
  websocketCase(
    "W1-7",
    "accepts a frame on wire 1 with its keys in another order",
    async (fixture) => {
      const { alice, chat_id, connection } = await aliceOn(fixture, 1);
      const payload = fixture.message(chat_id, alice);
      const content = { type: "message", payload, timestamp: connection.nextTimestamp() };
      connection.sendRaw(reversedFrame(content, connection.keys.client));
      await fixture.ackOf(connection, payload);
    },
    afterMessage,
  ),
  websocketCase("W1-8", "rejects a signature in upper case on wire 1", async (fixture) => {
    const { alice, chat_id, connection } = await aliceOn(fixture, 1);
    const payload = fixture.message(chat_id, alice);
    const timestamp = connection.nextTimestamp();
    const frame = signedFrame(
      { type: "message", payload, timestamp, wire: 1 },
      connection.keys.client,
    );
    connection.sendRaw(withUpperCaseSignature(frame));
    await connection.nextError("ERR_VERIFY");
    await connection.expectNothing();
    await fixture.expectStored(alice, chat_id, 0);
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
  websocketCase("S-19", "rejects bytes that are not a frame", async (fixture) => {
    const { connection } = await aliceOn(fixture, 2);
    for (const data of [Uint8Array.of(0xc1), new Uint8Array()]) {
      connection.sendRaw(data);
      await connection.nextError("ERR_MALFORMED");
    }
    await connection.expectNothing();
  }),
  websocketCase("S-19", "rejects a text message, or closes the connection", async (fixture) => {
    const { connection } = await aliceOn(fixture, 2);
    connection.sendRaw("hola");
    await connection.expectErrorOrClose("ERR_MALFORMED", UNSUPPORTED_DATA);
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
          await fixture.delivered(connection);
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
