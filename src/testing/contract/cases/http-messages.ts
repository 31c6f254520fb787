import { encodeUtf8 } from "../../../bytes.js";
import { randomBytes } from "../../../crypto/random.js";
import { MessageProtocol } from "../../../envelope/message-protocol.js";
import { SigningKey } from "../../../envelope/signing-key.js";
import { MAX_FRAME_BYTES } from "../../../limits.js";
import { Ack, ChatMessage } from "../../../messages/chat.js";
import { MessageListResponse } from "../../../messages/lists.js";
import { directionKeys } from "../../../session/channel.js";
import { contractCase } from "../contract-case.js";
import { check, checkSame } from "../failure.js";
import type { Stage, User } from "../stage.js";

const WIRES = [1, 2] as const;
const AS_FRAME = { accept: "application/msgpack" };

function post(stage: Stage, { token }: User, chatId: number, status: number, body: unknown) {
  return stage.granted("POST", `/chats/${chatId}/messages`, status, { token, body });
}

/** A frame of an answer, which the session's server key has signed. */
function opened(bytes: Uint8Array, { sessionKey }: User): MessageProtocol {
  const message = MessageProtocol.fromBytes(bytes);
  const isSigned = message.verify(directionKeys(sessionKey).server);
  check(isSigned, "a frame under the session's server key", message.type);
  return message;
}

/** Messages over HTTP (section 12, H-10 to H-13). */
export const httpMessages = [
  contractCase(
    "H-10",
    "a message over HTTP is acknowledged, and comes to the other member",
    async (stage) => {
      const { alice, bob, chat_id } = await stage.pair();
      const fromBob = await stage.connect(bob);
      const message = stage.message(chat_id, alice);
      const { body } = await post(stage, alice, chat_id, 201, message);
      const ack = Ack.safeParse(body);
      check(ack.success, "the payload of ack", body);
      checkSame("client_id", ack.value.client_id, message.client_id);
      const { value } = await fromBob.next("message");
      const { message_id, seq } = ack.value;
      checkSame("the message", value, { ...message, message_id, seq });
    },
  ),
  contractCase(
    "H-10",
    "a message that comes again over HTTP is the same, as over a WebSocket",
    async (stage) => {
      const { alice, chat_id } = await stage.pair();
      const message = stage.message(chat_id, alice);
      const { body } = await post(stage, alice, chat_id, 201, message);
      checkSame("the second ack", (await post(stage, alice, chat_id, 200, message)).body, body);
      const connection = await stage.connect(alice);
      checkSame(
        "the ack over a WebSocket",
        (await stage.send(connection, message)).ack,
        Ack.parse(body),
      );
    },
  ),
  contractCase("H-10", "a client id with another body is refused over HTTP too", async (stage) => {
    const { alice, chat_id } = await stage.pair();
    const message = stage.message(chat_id, alice);
    await post(stage, alice, chat_id, 201, message);
    const other = { ...message, content: randomBytes(144) };
    const { body } = await post(stage, alice, chat_id, 409, other);
    checkSame("error_code", body?.error_code, "ERR_CLIENT_ID_REUSED");
  }),
  contractCase(
    "H-10",
    "in another's name, or for another chat than the address', nothing is taken over HTTP",
    async (stage) => {
      const { alice, bob, chat_id } = await stage.pair();
      await post(stage, alice, chat_id, 403, stage.message(chat_id, bob));
      await post(stage, alice, chat_id, 422, stage.message(chat_id + 1, alice));
      await stage.holds(alice, chat_id, 0);
    },
  ),
  ...WIRES.map((wire) =>
    contractCase(
      "H-10",
      `a message in a frame on wire ${wire} is taken, and answered with one`,
      async (stage) => {
        const { alice, chat_id } = await stage.pair();
        const message = stage.message(chat_id, alice);
        const { client } = directionKeys(alice.sessionKey);
        const body = ChatMessage.toProtocol(message, client, { wire }).toBytes();
        const { token } = alice;
        const path = `/chats/${chat_id}/messages`;
        const { bytes } = await stage.granted("POST", path, 201, {
          token,
          body,
          headers: AS_FRAME,
        });
        const answer = opened(bytes, alice);
        checkSame("the answer's wire", answer.wire, wire);
        checkSame("client_id", Ack.fromProtocol(answer).client_id, message.client_id);
      },
    ),
  ),
  contractCase(
    "H-10",
    "a frame under another key, or without a client id, is refused over HTTP",
    async (stage) => {
      const { alice, chat_id } = await stage.pair();
      const { client, server } = directionKeys(alice.sessionKey);
      const { client_id: _, ...anonymous } = stage.message(chat_id, alice);
      const frame = (value: ChatMessage, key: SigningKey) =>
        ChatMessage.toProtocol(value, key).toBytes();
      for (const key of [server, SigningKey.from(alice.sessionKey), SigningKey.generate()]) {
        const { body } = await post(
          stage,
          alice,
          chat_id,
          400,
          frame(stage.message(chat_id, alice), key),
        );
        checkSame("error_code", body?.error_code, "ERR_VERIFY");
      }
      await post(stage, alice, chat_id, 422, frame(anonymous, client));
      await stage.holds(alice, chat_id, 0);
    },
  ),
  contractCase("H-11", "messages are read on from a seq, and back from one", async (stage) => {
    const { alice, chat_id } = await stage.pair();
    const sent = await stage.converse(await stage.connect(alice), alice, chat_id, 5);
    const ids = sent.map(({ message }) => message.client_id);
    const seqs = sent.map(({ ack }) => ack.seq);
    const read = async (query: string) => {
      const path = `/chats/${chat_id}/messages?${query}`;
      const { body } = await stage.granted("GET", path, 200, { token: alice.token });
      const list = MessageListResponse.safeParse(body);
      check(list.success, "the payload of message_list", body);
      return { list: list.value, ids: list.value.messages.map(({ client_id }) => client_id) };
    };
    const onward = await read(`after=${seqs[0]}&limit=2`);
    checkSame("those after the first", onward.ids, ids.slice(1, 3));
    checkSame("has_more", onward.list.has_more, true);
    const back = await read(`before=${seqs[4]}&limit=2`);
    checkSame("those before the last", back.ids, ids.slice(2, 4));
    checkSame("has_more", back.list.has_more, true);
    checkSame("all", (await read("")).ids, ids);
  }),
  contractCase("H-12", "a list is a frame for who asks for one", async (stage) => {
    const { alice, chat_id } = await stage.pair();
    await stage.converse(await stage.connect(alice), alice, chat_id, 1);
    const { token } = alice;
    for (const [path, type] of [
      ["/chats", "chat_list"],
      [`/chats/${chat_id}/messages`, "message_list"],
    ]) {
      const { bytes } = await stage.granted("GET", path!, 200, { token, headers: AS_FRAME });
      checkSame("its type", opened(bytes, alice).type, type);
    }
  }),
  contractCase("H-13", "a body of more than 1,048,576 bytes is refused", async (stage) => {
    const { alice, chat_id } = await stage.pair();
    await post(stage, alice, chat_id, 413, encodeUtf8(" ".repeat(MAX_FRAME_BYTES + 1)));
  }),
];
