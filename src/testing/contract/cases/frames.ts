import { concat } from "../../../bytes.js";
import { SigningKey } from "../../../envelope/signing-key.js";
import { MAX_FRAME_BYTES } from "../../../limits.js";
import { ChatMessage } from "../../../messages/chat.js";
import { Heartbeat } from "../../../messages/connection.js";
import { defineMessage } from "../../../messages/define-message.js";
import { directionKeys } from "../../../session/channel.js";
import { CLOSE } from "../../../session/close-codes.js";
import { rawFloat64, rawMap, rawText, rawWire1, rawWire2 } from "../../raw.js";
import type { Connection, Oddity } from "../connection.js";
import { type ContractCase, contractCase } from "../contract-case.js";
import { checkSame } from "../failure.js";
import type { Stage, User } from "../stage.js";

const WIRES = [1, 2] as const;

/** Alice, who is connected on a wire, and the chat that she has with bob. */
async function aliceOn(stage: Stage, wire: 1 | 2) {
  const pair = await stage.pair();
  return { ...pair, connection: await stage.connect(pair.alice, { wires: [wire] }) };
}

/** That a frame of alice's, made with an oddity, is refused with a code, stores nothing, and that the connection goes on. */
function isRefused(
  requirement: string,
  name: string,
  code: string,
  oddityOf: (connection: Connection, alice: User, stage: Stage) => Oddity | Promise<Oddity>,
): ContractCase {
  return contractCase(requirement, name, async (stage) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(stage, wire);
      const oddity = await oddityOf(connection, alice, stage);
      connection.send(ChatMessage, stage.message(chat_id, alice), oddity);
      await connection.nextError(code);
      await connection.isQuiet();
      await stage.holds(alice, chat_id, 0);
    }
  });
}

const Unheard = /* @__PURE__ */ defineMessage("unheard-of", Heartbeat.schema);

/** Payloads that no reader may decode (section 2), and their codes. */
const hostile: readonly (readonly [Uint8Array, string])[] = [
  [rawMap([rawText("a"), rawText("")], [rawText("a"), rawText("")]), "ERR_MALFORMED"],
  [rawMap([rawText("__proto__"), rawMap()]), "ERR_MALFORMED"],
  [rawMap([Uint8Array.of(1), Uint8Array.of(1)]), "ERR_MALFORMED"],
  [rawMap([rawText("a"), Uint8Array.of(0xd4, 1, 1)]), "ERR_MALFORMED"],
  [rawMap([rawText("a"), Uint8Array.of(0xa1, 0xff)]), "ERR_MALFORMED"],
  [rawMap([rawText("timestamp"), rawFloat64(Number.NaN)]), "ERR_MALFORMED"],
  [rawMap([rawText("a"), Uint8Array.of(0xcf, ...new Array(8).fill(0xff))]), "ERR_BOUND_EXCEEDED"],
  [
    rawMap([rawText("a"), concat(new Uint8Array(16).fill(0x91), rawText(""))]),
    "ERR_BOUND_EXCEEDED",
  ],
];

/** What is made of each frame (sections 2 to 6, and 11). */
export const frames = [
  contractCase(
    "S-3",
    "all after the welcome is under the connection's server key",
    async (stage) => {
      for (const wire of WIRES) {
        const { alice, chat_id, connection } = await aliceOn(stage, wire);
        const other = await stage.connect(alice);
        connection.send(ChatMessage, stage.message(chat_id, alice));
        connection.send(Heartbeat, { sent_at: 1 });
        const heard = [await connection.next("ack"), await connection.next("heartbeat")];
        for (const { type, signer } of [...heard, await other.next("message")]) {
          checkSame(`the signer of ${type}`, signer, "connection server");
        }
      }
    },
  ),
  contractCase("S-3", "all after the welcome is on the wire that it names", async (stage) => {
    for (const wire of WIRES) {
      const { alice, bob, chat_id, connection } = await aliceOn(stage, wire);
      const fromBob = await stage.connect(bob, { wires: [wire === 1 ? 2 : 1] });
      fromBob.send(ChatMessage, stage.message(chat_id, bob));
      connection.send(ChatMessage, stage.message(chat_id, alice));
      for (const { type, message } of [
        await connection.next("message"),
        await connection.next("ack"),
      ]) {
        checkSame(`the wire of ${type}`, message.wire, wire);
      }
    }
  }),
  contractCase("O-4", "a frame on another wire closes the connection with 4000", async (stage) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(stage, wire);
      const other = wire === 1 ? 2 : 1;
      connection.send(ChatMessage, stage.message(chat_id, alice), { wire: other });
      await connection.closes(CLOSE.protocolError);
      await stage.holds(alice, chat_id, 0);
    }
  }),
  isRefused(
    "S-3",
    "a frame under the session's key without the connection's nonces is refused",
    "ERR_VERIFY",
    (_, { sessionKey }) => ({ key: directionKeys(sessionKey).client }),
  ),
  isRefused(
    "K-3",
    "a frame under the key of the server's direction is refused",
    "ERR_VERIFY",
    ({ keys }) => ({ key: keys.server }),
  ),
  isRefused(
    "S-3",
    "a frame under the key of another connection of the session is refused",
    "ERR_VERIFY",
    async (_, alice, stage) => ({ key: (await stage.connect(alice)).keys.client }),
  ),
  isRefused("O-1", "a frame under a key of nobody's is refused", "ERR_VERIFY", () => ({
    key: SigningKey.generate(),
  })),
  isRefused("O-2", "a frame that is too old is refused", "ERR_EXPIRED", () => ({ age: 600 })),
  isRefused("O-2", "a frame of a clock far ahead is refused", "ERR_FROM_FUTURE", () => ({
    age: -600,
  })),
  contractCase("O-3", "a frame that came before is refused", async (stage) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(stage, wire);
      const message = stage.message(chat_id, alice);
      const frame = connection.send(ChatMessage, message);
      await stage.ackOf(connection, message);
      connection.transmit(frame);
      await connection.nextError("ERR_REPLAYED");
      await connection.isQuiet();
    }
  }),
  contractCase("O-1", "a frame of which a bit was changed is refused", async (stage) => {
    for (const wire of WIRES) {
      const { alice, chat_id, connection } = await aliceOn(stage, wire);
      const { client } = connection.keys;
      const fields = { wire, timestamp: connection.serverTime };
      const message = stage.message(chat_id, alice);
      const frame = ChatMessage.toProtocol(message, client, fields).toBytes();
      frame[frame.length - 1]! ^= 1;
      connection.transmit(frame);
      await connection.nextError("ERR_VERIFY");
      await connection.isQuiet();
      await stage.holds(alice, chat_id, 0);
    }
  }),
  contractCase(
    "M-2",
    "a payload beyond the bounds is refused, whoever signed it",
    async (stage) => {
      for (const wire of WIRES) {
        const { connection } = await aliceOn(stage, wire);
        for (const [payload, code] of hostile) {
          const timestamp = rawFloat64(connection.keys.client.nextTimestamp(connection.serverTime));
          const fields = { type: rawText("message"), payload, timestamp };
          connection.transmit((wire === 1 ? rawWire1 : rawWire2)(connection.keys.client, fields));
          await connection.nextError(code);
        }
        await connection.isQuiet();
      }
    },
  ),
  contractCase("S-19", "bytes that are no frame, and text, are refused", async (stage) => {
    const { connection } = await aliceOn(stage, 2);
    for (const data of [Uint8Array.of(0xc1), new Uint8Array(), "hola"]) {
      connection.transmit(data);
      await connection.nextError("ERR_MALFORMED");
    }
    await connection.isQuiet();
  }),
  contractCase("S-19", "a type that the server does not know is refused", async (stage) => {
    const { connection } = await aliceOn(stage, 2);
    connection.send(Unheard, { sent_at: 1 });
    await connection.nextError();
    await connection.isQuiet();
  }),
  contractCase("S-8", "a heartbeat is answered with the same", async (stage) => {
    for (const wire of WIRES) {
      const { connection } = await aliceOn(stage, wire);
      for (const sent_at of [0, 1_700_000_000.25]) {
        connection.send(Heartbeat, { sent_at });
        checkSame("sent_at", (await connection.next("heartbeat")).value.sent_at, sent_at);
      }
    }
  }),
  contractCase(
    "M-1",
    "a frame of more than 1,048,576 bytes is refused or ends the connection",
    async (stage) => {
      const { connection } = await aliceOn(stage, 2);
      connection.transmit(new Uint8Array(MAX_FRAME_BYTES + 1));
      await connection.isRefusedOrCloses("ERR_BOUND_EXCEEDED", CLOSE.tooBig);
    },
  ),
];
