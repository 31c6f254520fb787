import { randomBytes } from "../../../crypto/random.js";
import { SigningKey } from "../../../envelope/signing-key.js";
import { ChatMessage } from "../../../messages/chat.js";
import { directionKeys } from "../../../session/channel.js";
import { CLOSE } from "../../../session/close-codes.js";
import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../failure.js";

const YEARS = 10 * 365 * 86_400;

/** How a connection begins (section 11, keys and greeting). */
export const greeting = [
  contractCase("S-1", "a welcome is on wire 1, under the session's server key", async (stage) => {
    const connection = await stage.dial(await stage.user());
    const { message, signer } = await connection.greet();
    checkSame("the welcome's wire", message.wire, 1);
    checkSame("the welcome's signer", signer, "session server");
  }),
  contractCase("S-2", "a welcome answers the hello that was said", async (stage) => {
    const connection = await stage.dial(await stage.user());
    const nonce = connection.sayHello();
    const { value } = await connection.next("welcome");
    checkSame("hello_nonce", value.hello_nonce, nonce);
  }),
  contractCase("S-3", "each connection gets a nonce of its own", async (stage) => {
    const alice = await stage.user();
    const [one, other] = [await stage.dial(alice), await stage.dial(alice)];
    const nonces = [(await one.greet()).value.nonce, (await other.greet()).value.nonce];
    check(String(nonces[0]) !== String(nonces[1]), "two nonces", "the same one twice");
  }),
  contractCase("S-2", "a hello of any time is welcomed", async (stage) => {
    const alice = await stage.user();
    for (const age of [YEARS, -YEARS]) {
      await (await stage.dial(alice)).greet({}, { age });
    }
  }),
  contractCase("S-3", "a welcome names one of the wires that were offered", async (stage) => {
    const alice = await stage.user();
    for (const wires of [[1], [2], [1, 2], [77, 1]]) {
      const connection = await stage.dial(alice);
      connection.sayHello({ wires });
      const { value } = await connection.next("welcome");
      check(wires.includes(value.wire), `a wire of ${wires.join(", ")}`, value.wire);
    }
  }),
  contractCase(
    "S-19",
    "without a common wire the connection is closed with 4002",
    async (stage) => {
      const connection = await stage.dial(await stage.user());
      connection.sayHello({ wires: [77] });
      await connection.closes(CLOSE.noCommonWire);
    },
  ),
  contractCase("S-3", "capabilities that the server does not know are none", async (stage) => {
    const connection = await stage.dial(await stage.user());
    await connection.greet({ capabilities: ["telepathy"] });
    await connection.isQuiet();
  }),
  contractCase(
    "S-1",
    "a hello under any other key closes the connection with 1008",
    async (stage) => {
      const alice = await stage.user();
      const keys = [
        SigningKey.from(randomBytes(32)),
        SigningKey.from(alice.sessionKey),
        directionKeys(alice.sessionKey).server,
        directionKeys((await stage.user()).sessionKey).client,
      ];
      for (const key of keys) {
        const connection = await stage.dial(alice);
        connection.sayHello({}, { key });
        await connection.closes(CLOSE.policy);
      }
    },
  ),
  contractCase("S-1", "a hello on wire 2 closes the connection with 1008", async (stage) => {
    const connection = await stage.dial(await stage.user());
    connection.sayHello({}, { wire: 2 });
    await connection.closes(CLOSE.policy);
  }),
  contractCase(
    "S-1",
    "anything before the hello closes the connection with 1008",
    async (stage) => {
      const { alice, chat_id } = await stage.pair();
      const { client } = directionKeys(alice.sessionKey);
      const message = ChatMessage.toProtocol(stage.message(chat_id, alice), client).toBytes();
      for (const data of [message, Uint8Array.of(0), new Uint8Array(), "hello"]) {
        const connection = await stage.dial(alice);
        connection.transmit(data);
        await connection.closes(CLOSE.policy);
      }
      await stage.holds(alice, chat_id, 0);
    },
  ),
];
