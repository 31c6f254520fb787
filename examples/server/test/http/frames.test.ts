import { randomBytes } from "node:crypto";
import { ChatMessage, MessageListResponse, type MessageProtocol, VerifyError } from "lacre";
import { directionKeys } from "lacre/server";
import { httpKeys, openHttpAnswer } from "lacre/session";
import { Stored } from "lacre-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { messageIn, TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let alice: TestUser;
let chat_id: number;
beforeAll(async () => {
  ({ alice, chat_id } = await server.startWithChat());
});
afterAll(() => server.remove());

describe("frames over HTTP", () => {
  const frames = "application/msgpack";
  const send = (frame: Uint8Array) =>
    server.fetch(`/chats/${chat_id}/messages`, {
      method: "POST",
      body: frame as Uint8Array<ArrayBuffer>,
      headers: { authorization: `Bearer ${alice.token}`, "content-type": frames, accept: frames },
    });
  const openAnswer = async (response: Response, request: MessageProtocol | Uint8Array) =>
    openHttpAnswer(await response.arrayBuffer(), {
      key: httpKeys(alice.sessionKey).server,
      request,
    });

  it.each([1, 2] as const)(
    "carry a message, its acknowledgement and a list, on wire %i",
    async (wire) => {
      const key = httpKeys(alice.sessionKey).client;
      const message = messageIn(chat_id, alice.id);
      const request = ChatMessage.toProtocol(message, key, { wire });
      const response = await send(request.toBytes());
      expect(response.status).toBe(201);
      const ack = await openAnswer(response, request);
      expect(ack.wire).toBe(wire);
      expect(Stored.fromProtocol(ack)).toMatchObject({ chat_id, client_id: message.client_id });

      const requestId = randomBytes(32);
      const headers = {
        authorization: `Bearer ${alice.token}`,
        accept: frames,
        "lacre-request": requestId.toString("base64"),
      };
      const response2 = await server.fetch(`/chats/${chat_id}/messages`, { headers });
      const list = await openAnswer(response2, new Uint8Array(requestId));
      expect(MessageListResponse.fromProtocol(list).messages.at(-1)).toMatchObject({
        client_id: message.client_id,
        content: message.content,
      });
    },
  );

  it("are each answered with a frame that is bound to the request", async () => {
    const key = httpKeys(alice.sessionKey).client;
    const message = messageIn(chat_id, alice.id);
    const [first, second] = [1, 2].map(() => ChatMessage.toProtocol(message, key, { wire: 2 }));
    const answers = [await send(first!.toBytes()), await send(second!.toBytes())];
    expect(answers.map(({ status }) => status)).toEqual([201, 200]);
    const again = answers[1]!.clone();
    await expect(openAnswer(answers[0]!, second!)).rejects.toThrow(VerifyError);
    expect((await openAnswer(again, second!)).type).toBe("ack");
  });

  it("are rejected under a wrong key, if they are old, and without a client id", async () => {
    const { client, server: other } = httpKeys(alice.sessionKey);
    const message = messageIn(chat_id, alice.id);
    const { client_id: _, ...withoutId } = message;
    const rejection = async (frame: Uint8Array) => {
      const response = await send(frame);
      return [response.status, (await response.json()).error_code];
    };
    const old = { timestamp: Date.now() / 1000 - 1000 };
    for (const key of [other, directionKeys(alice.sessionKey).client]) {
      const frame = ChatMessage.toProtocol(message, key).toBytes();
      expect(await rejection(frame)).toEqual([400, "ERR_VERIFY"]);
    }
    expect(await rejection(ChatMessage.toProtocol(message, client, old).toBytes())).toEqual([
      400,
      "ERR_EXPIRED",
    ]);
    expect(await rejection(ChatMessage.toProtocol(withoutId, client).toBytes())).toEqual([
      422,
      "ERR_VALIDATION",
    ]);
    expect(await rejection(new Uint8Array(50))).toEqual([400, "ERR_MALFORMED"]);
  });
});
