import { unixNow } from "../../../clock.js";
import { CLOSE } from "../../../connection/close-codes.js";
import type { ChatMessage, StatusEvent } from "../../../messages/chat.js";
import { connectionKeys, httpFrameKeys, random, signedFrame } from "../codec.js";
import { UNSUPPORTED_DATA } from "../connection.js";
import { websocketCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";

const YEARS = 10 * 365 * 86_400;

const afterWelcome = {
  dependsOn: ["sends the welcome on wire 1, under the session's server key"],
};

/** The handshake (docs/PROTOCOL.md, section 11). */
export const handshake = [
  websocketCase(
    "S-1",
    "sends the welcome on wire 1, under the session's server key",
    async (fixture) => {
      const connection = await fixture.open(await fixture.user());
      const { message, signer } = await connection.handshake();
      checkSame("the welcome's wire", message.wire, 1);
      checkSame("the welcome's signer", signer, "session server");
    },
  ),
  websocketCase(
    "S-2",
    "returns the hello's nonce in the welcome",
    async (fixture) => {
      const connection = await fixture.open(await fixture.user());
      const nonce = connection.sendHello();
      const { value } = await connection.next("welcome");
      checkSame("hello_nonce", value.hello_nonce, nonce);
    },
    afterWelcome,
  ),
  websocketCase(
    "S-2",
    "uses a new nonce for each connection",
    async (fixture) => {
      const alice = await fixture.user();
      const [one, other] = [await fixture.open(alice), await fixture.open(alice)];
      const nonces = [(await one.handshake()).value.nonce, (await other.handshake()).value.nonce];
      check(String(nonces[0]) !== String(nonces[1]), "two nonces", "the same one twice");
    },
    afterWelcome,
  ),
  websocketCase(
    "S-2",
    "accepts a hello with any timestamp",
    async (fixture) => {
      const alice = await fixture.user();
      for (const age of [YEARS, -YEARS]) {
        await (await fixture.open(alice)).handshake({}, { age });
      }
    },
    afterWelcome,
  ),
  websocketCase(
    "S-2",
    "chooses one of the offered wires",
    async (fixture) => {
      const alice = await fixture.user();
      for (const wires of [[1], [2], [1, 2], [77, 1]]) {
        const connection = await fixture.open(alice);
        connection.sendHello({ wires });
        const { value } = await connection.next("welcome");
        check(wires.includes(value.wire), `a wire of ${wires.join(", ")}`, value.wire);
      }
    },
    afterWelcome,
  ),
  websocketCase(
    "S-19",
    "closes the connection with 4002 without a common wire",
    async (fixture) => {
      const connection = await fixture.open(await fixture.user());
      connection.sendHello({ wires: [77] });
      await connection.expectClose(CLOSE.noCommonWire);
    },
  ),
  websocketCase(
    "S-3",
    "ignores unknown capabilities",
    async (fixture) => {
      const connection = await fixture.open(await fixture.user());
      await connection.handshake({ capabilities: ["telepathy"] });
      await connection.expectNothing();
    },
    afterWelcome,
  ),
  websocketCase(
    "S-19",
    "closes the connection with 1008 after a hello under another key",
    async (fixture) => {
      const alice = await fixture.user();
      const keys = [
        random(32),
        alice.sessionKey,
        connectionKeys(alice.sessionKey).server,
        httpFrameKeys(alice.sessionKey).client,
        connectionKeys((await fixture.user()).sessionKey).client,
      ];
      for (const key of keys) {
        const connection = await fixture.open(alice);
        connection.sendHello({}, { key });
        await connection.expectClose(CLOSE.policy);
      }
    },
    { dependsOn: ["closes the connection with 1008 after an invalid hello"] },
  ),
  websocketCase(
    "S-19",
    "closes the connection with 1008 after a hello on wire 2",
    async (fixture) => {
      const connection = await fixture.open(await fixture.user());
      connection.sendHello({}, { wire: 2 });
      await connection.expectClose(CLOSE.policy);
    },
    { dependsOn: ["closes the connection with 1008 after an invalid hello"] },
  ),
  websocketCase(
    "S-19",
    "closes the connection with 1008 after any data before the hello",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const { client } = connectionKeys(alice.sessionKey);
      const payload = fixture.message(chat_id, alice);
      const content = { type: "message", payload, timestamp: payload.timestamp, wire: 1 } as const;
      const message = signedFrame(content, client);
      for (const data of [message, Uint8Array.of(0), new Uint8Array(), "hello"]) {
        const connection = await fixture.open(alice);
        connection.sendRaw(data);
        const ofText = typeof data === "string" ? [UNSUPPORTED_DATA] : [];
        await connection.expectClose(CLOSE.policy, ...ofText);
      }
      await fixture.expectStored(alice, chat_id, 0);
    },
    { dependsOn: ["closes the connection with 1008 after an invalid hello"] },
  ),
  websocketCase(
    "S-19",
    "closes the connection with 1008 after an invalid hello",
    async (fixture) => {
      const alice = await fixture.user();
      const { client: key } = connectionKeys(alice.sessionKey);
      const valid = { nonce: random(16), wires: [1], capabilities: [] };
      const invalid = [{ ...valid, nonce: random(15) }, { ...valid, wires: [] }, {}];
      for (const payload of invalid) {
        const connection = await fixture.open(alice);
        connection.sendRaw(
          signedFrame({ type: "hello", payload, timestamp: unixNow(), wire: 1 }, key),
        );
        await connection.expectClose(CLOSE.policy);
      }
    },
  ),
  websocketCase("S-19", "rejects a hello after the handshake", async (fixture) => {
    const connection = await fixture.connect(await fixture.user());
    connection.send("hello", { nonce: random(16), wires: [1], capabilities: [] });
    await connection.nextError();
    await connection.expectNothing();
  }),
  websocketCase("S-24", "does not report a user as online after a hello alone", async (fixture) => {
    const { alice, bob } = await fixture.pair();
    const carol = await fixture.user();
    await fixture.chat(bob, carol);
    const ofBob = await fixture.connect(bob);
    await fixture.handshake(await fixture.open(alice));
    // The event about Carol is sent after any event about Alice.
    const ofCarol = await fixture.connect(carol);
    await ofBob.next("status", "that carol is there", isOnline(carol.id));
    check(!ofBob.hasReceived("status", isOnline(alice.id)), "nothing of alice", "user_online");
    await (await fixture.connect(alice)).expectNothing();
    await ofBob.next("status", "that alice is there", isOnline(alice.id));
    await ofCarol.expectNothing();
  }),
  websocketCase(
    "S-24",
    "holds deliveries back until the client's first frame after the welcome",
    async (fixture) => {
      const { alice, bob, chat_id } = await fixture.pair();
      const [confirmed, waiting] = [await fixture.connect(alice), await fixture.open(alice)];
      await fixture.handshake(waiting);
      const { message } = await fixture.send(
        await fixture.connect(bob),
        fixture.message(chat_id, bob),
      );
      const isIt = (value: ChatMessage) => value.client_id === message.client_id;
      await confirmed.next("message", "of bob", isIt);
      // By now the message was delivered to another connection of the same user.
      await confirmed.expectNothing();
      check(!waiting.hasReceived("message"), "nothing before the first frame", "a message");
      await waiting.confirm();
      await waiting.next("message", "of bob", isIt);
    },
    {
      dependsOn: [
        "does not report a user as online after a hello alone",
        "acknowledges a message on wire 1, and delivers it to the other member",
      ],
    },
  ),
];

const isOnline = (id: number) => (status: StatusEvent) =>
  status.event_type === "user_online" && status.user_id === id;
