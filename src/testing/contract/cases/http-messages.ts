import { unixNow } from "../../../clock.js";
import { MessageProtocol } from "../../../envelope/message-protocol.js";
import { MAX_FRAME_BYTES } from "../../../limits.js";
import { Ack, type ChatMessage } from "../../../messages/chat.js";
import { MessageListResponse } from "../../../messages/lists.js";
import {
  base64,
  connectionKeys,
  httpFrameKeys,
  isSignedWith,
  random,
  signedFrame,
  tagOf,
  utf8,
} from "../codec.js";
import { httpCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import { randomUuid } from "../fixture.js";
import type { HttpUser } from "../http-accounts.js";
import type { HttpFixture } from "../http-fixture.js";

const WIRES = [1, 2] as const;
/** In seconds (O-2). */
const MAX_AGE = 300;
const AS_FRAME = { accept: "application/msgpack" };

function post(
  fixture: HttpFixture,
  { token }: HttpUser,
  chatId: number,
  status: number,
  body: unknown,
) {
  return fixture.expectStatus("POST", `/chats/${chatId}/messages`, status, { token, body });
}

/** Opens an answer in a frame, which is signed with the session's HTTP key of the server and names this request (H-12). */
function opened(bytes: Uint8Array, { sessionKey }: HttpUser, request: Uint8Array): MessageProtocol {
  const answer = MessageProtocol.fromBytes(bytes);
  const isSigned = isSignedWith(bytes, httpFrameKeys(sessionKey).server);
  check(isSigned, "a frame under the session's HTTP key of the server", bytes);
  const age = Math.abs(unixNow() - answer.timestamp);
  check(age < MAX_AGE, `a timestamp of the last ${MAX_AGE} s`, `one of ${age} s`);
  const named = answer.payload.request;
  const expected = answer.wire === 1 ? base64(request) : request;
  checkSame("the request that the answer names", named, expected);
  return answer;
}

/** Returns the headers of a request for a frame, and the bytes that the answer must name. */
function frameRequest(): { headers: Record<string, string>; request: Uint8Array } {
  const request = random(32);
  return { headers: { ...AS_FRAME, "lacre-request": base64(request) }, request };
}

function messageFrame(payload: ChatMessage, key: Uint8Array, wire: 1 | 2 = 1): Uint8Array {
  return signedFrame({ type: "message", payload, timestamp: unixNow(), wire }, key);
}

/** Messages over HTTP (docs/PROTOCOL.md, section 12, H-10 to H-13). */
export const httpMessages = [
  httpCase(
    "H-10",
    "acknowledges a message over HTTP, and delivers it to the other member",
    async (fixture) => {
      const { alice, bob, chat_id } = await fixture.pair();
      const fromBob = await fixture.connect(bob);
      const message = fixture.message(chat_id, alice);
      const { body } = await post(fixture, alice, chat_id, 201, message);
      const ack = Ack.safeParse(body);
      check(ack.success, "the payload of ack", body);
      checkSame("client_id", ack.value.client_id, message.client_id);
      const { value } = await fromBob.next("message");
      const { message_id, seq, stored_at } = ack.value;
      checkSame("the message", value, { ...message, message_id, seq, stored_at });
    },
    { dependsOn: ["delivers a message unchanged to the other member on either wire"] },
  ),
  httpCase(
    "H-10",
    "acknowledges a repeated message over HTTP as before, as over a WebSocket",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const message = fixture.message(chat_id, alice);
      const { body } = await post(fixture, alice, chat_id, 201, message);
      checkSame("the second ack", (await post(fixture, alice, chat_id, 200, message)).body, body);
      const connection = await fixture.connect(alice);
      const ack = await fixture.ackFor(connection, message);
      checkSame("the ack over a WebSocket", ack, Ack.parse(body));
    },
    { dependsOn: ["acknowledges a repeated client id as before, and stores the message once"] },
  ),
  httpCase(
    "H-10",
    "rejects a used client id with another body over HTTP",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const message = fixture.message(chat_id, alice);
      await post(fixture, alice, chat_id, 201, message);
      const other = { ...message, content: random(144) };
      const { body } = await post(fixture, alice, chat_id, 409, other);
      checkSame("error_code", body?.error_code, "ERR_CLIENT_ID_REUSED");
    },
    { dependsOn: ["acknowledges a repeated message over HTTP as before, as over a WebSocket"] },
  ),
  httpCase(
    "H-10",
    "rejects a message in another user's name, or for a chat other than the path's, over HTTP",
    async (fixture) => {
      const { alice, bob, chat_id } = await fixture.pair();
      await post(fixture, alice, chat_id, 403, fixture.message(chat_id, bob));
      await post(fixture, alice, chat_id, 422, fixture.message(chat_id + 1, alice));
      await fixture.expectStored(alice, chat_id, 0);
    },
    { dependsOn: ["rejects a message in another user's name"] },
  ),
  httpCase("H-10", "accepts a message in a frame on either wire", async (fixture) => {
    for (const wire of WIRES) {
      const { alice, chat_id } = await fixture.pair();
      const message = fixture.message(chat_id, alice);
      const frame = messageFrame(message, httpFrameKeys(alice.sessionKey).client, wire);
      const { body } = await post(fixture, alice, chat_id, 201, frame);
      checkSame("client_id", body?.client_id, message.client_id);
    }
  }),
  httpCase(
    "H-12",
    "answers a frame with a frame on its wire, which names the request",
    async (fixture) => {
      for (const wire of WIRES) {
        const { alice, chat_id } = await fixture.pair();
        const message = fixture.message(chat_id, alice);
        const body = messageFrame(message, httpFrameKeys(alice.sessionKey).client, wire);
        const { token } = alice;
        const path = `/chats/${chat_id}/messages`;
        const options = { token, body, headers: AS_FRAME };
        const { bytes } = await fixture.expectStatus("POST", path, 201, options);
        const answer = opened(bytes, alice, tagOf(body));
        checkSame("the answer's wire", answer.wire, wire);
        checkSame("client_id", Ack.parse(answer.payload).client_id, message.client_id);
      }
    },
    { dependsOn: ["accepts a message in a frame on either wire"] },
  ),
  httpCase(
    "H-10",
    "rejects a frame under another key, or without a client id, over HTTP",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const { client, server } = httpFrameKeys(alice.sessionKey);
      const ofHandshake = connectionKeys(alice.sessionKey).client;
      const { client_id: _, ...anonymous } = fixture.message(chat_id, alice);
      const others = [alice.sessionKey, random(32)];
      for (const key of [server, ofHandshake, ...others]) {
        const { body } = await post(
          fixture,
          alice,
          chat_id,
          400,
          messageFrame(fixture.message(chat_id, alice), key),
        );
        checkSame("error_code", body?.error_code, "ERR_VERIFY");
      }
      await post(fixture, alice, chat_id, 422, messageFrame(anonymous, client));
      await fixture.expectStored(alice, chat_id, 0);
    },
    { dependsOn: ["accepts a message in a frame on either wire"] },
  ),
  httpCase(
    "H-10",
    "stores a JSON message without a client id at each request, and answers without one",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const { client_id: _, ...message } = fixture.message(chat_id, alice);
      const seqs: unknown[] = [];
      for (let times = 0; times < 2; times++) {
        const { body } = await post(fixture, alice, chat_id, 201, message);
        check(!("client_id" in body), "an answer without client_id", body);
        const ack = Ack.safeParse({ ...body, client_id: randomUuid() });
        check(ack.success, "the other fields of ack", body);
        seqs.push(ack.value.seq);
      }
      check(seqs[0] !== seqs[1], "two seqs", seqs);
    },
    { dependsOn: ["delivers a message without a client id, and does not acknowledge it"] },
  ),
  httpCase(
    "H-11",
    "pages through messages forward and backward from a seq",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const sent = await fixture.sendMany(await fixture.connect(alice), alice, chat_id, 5);
      const ids = sent.map(({ message }) => message.client_id);
      const seqs = sent.map(({ ack }) => ack.seq);
      const read = async (query: string) => {
        const path = `/chats/${chat_id}/messages?${query}`;
        const { body } = await fixture.expectStatus("GET", path, 200, { token: alice.token });
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
      checkSame("all", (await read("after=0")).ids, ids);
    },
    {
      dependsOn: ["names the range that the answer to a resume covers, up to the chat's last seq"],
    },
  ),
  httpCase(
    "H-12",
    "returns a list as a frame on request",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      await fixture.sendMany(await fixture.connect(alice), alice, chat_id, 1);
      for (const [path, type] of [
        ["/chats", "chat_list"],
        [`/chats/${chat_id}/messages`, "message_list"],
        [`/chats/${chat_id}/messages?before=9`, "message_list"],
      ]) {
        const { headers, request } = frameRequest();
        const { bytes } = await fixture.expectStatus("GET", path!, 200, {
          token: alice.token,
          headers,
        });
        const answer = opened(bytes, alice, request);
        checkSame("its type", answer.type, type);
        if (type === "message_list") checkSame("its chat_id", answer.payload.chat_id, chat_id);
      }
    },
    {
      dependsOn: [
        "answers a frame with a frame on its wire, which names the request",
        "names the range that the answer to a resume covers, up to the chat's last seq",
      ],
    },
  ),
  httpCase(
    "H-12",
    "rejects a request for a frame without a valid lacre-request header",
    async (fixture) => {
      const { alice, chat_id } = await fixture.pair();
      const path = `/chats/${chat_id}/messages`;
      const { token } = alice;
      const short = base64(random(31));
      for (const headers of [AS_FRAME, { ...AS_FRAME, "lacre-request": short }]) {
        await fixture.expectError("GET", path, 422, { token, headers });
        const body = fixture.message(chat_id, alice);
        await fixture.expectError("POST", path, 422, { token, headers, body });
      }
      await fixture.expectStored(alice, chat_id, 0);
    },
  ),
  httpCase("H-13", "rejects an HTTP body of more than 1,048,576 bytes", async (fixture) => {
    const { alice, chat_id } = await fixture.pair();
    await post(fixture, alice, chat_id, 413, utf8(" ".repeat(MAX_FRAME_BYTES + 1)));
  }),
];
