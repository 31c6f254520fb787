import {
  Ack,
  ChatMessage,
  ErrorResponse,
  Heartbeat,
  Hello,
  type MessageDefinition,
  MessageListResponse,
  type PayloadSchema,
  Resume,
  StatusEvent,
} from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { messageIn, TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let alice: TestUser;
let bob: TestUser;
let carol: TestUser;
let chat_id: number;

beforeAll(async () => {
  ({ alice, bob, carol, chat_id } = await server.startWithChat());
  await carol.chatWith("alice");
  const ofAlice = await alice.connect();
  ofAlice.send(ChatMessage, messageIn(chat_id, alice.id));
  await ofAlice.nextOf("ack");
  ofAlice.socket.terminate();
});
afterAll(() => server.remove());

// biome-ignore lint/suspicious/noExplicitAny: definitions of all messages
type Frame = readonly [MessageDefinition<string, any>, object];

function frame<Type extends string, Schema extends PayloadSchema>(
  definition: MessageDefinition<Type, Schema>,
  value: Parameters<typeof definition.toProtocol>[0] & object,
): Frame {
  return [definition, value];
}

const status = (
  event_type: StatusEvent["event_type"],
  user_id: number,
  fields: Partial<StatusEvent> = {},
) => frame(StatusEvent, { event_type, user_id, chat_id, ...fields });

/**
 * Frames in the name of a user, with the expected answers to a member, to a non-member, and to a member in the name of another
 * user.
 */
const FRAMES: readonly (readonly [
  name: string,
  make: (userId: number) => Frame,
  member: string,
  nonMember: string,
  inAnothersName: string,
])[] = [
  [
    "message",
    (id) => frame(ChatMessage, messageIn(chat_id, id)),
    "ack",
    "ERR_FORBIDDEN",
    "ERR_FORBIDDEN",
  ],
  [
    "resume",
    () => frame(Resume, { chat_id, after: 0, limit: 9 }),
    "message_list",
    "ERR_FORBIDDEN",
    "message_list",
  ],
  ["typing", (id) => status("typing", id), "nothing", "ERR_FORBIDDEN", "ERR_FORBIDDEN"],
  ["read", (id) => status("read", id, { seq: 1 }), "nothing", "ERR_FORBIDDEN", "ERR_FORBIDDEN"],
  ["read without a seq", (id) => status("read", id), "nothing", "ERR_FORBIDDEN", "ERR_FORBIDDEN"],
  [
    "read ahead",
    (id) => status("read", id, { seq: 9999 }),
    "ERR_SEQ_AHEAD",
    "ERR_FORBIDDEN",
    "ERR_FORBIDDEN",
  ],
  [
    "delivered",
    (id) => status("delivered", id, { seq: 1 }),
    "nothing",
    "ERR_FORBIDDEN",
    "ERR_FORBIDDEN",
  ],
  [
    "user_online",
    (id) => status("user_online", id),
    "ERR_UNSUPPORTED",
    "ERR_FORBIDDEN",
    "ERR_FORBIDDEN",
  ],
  [
    "user_offline",
    (id) => status("user_offline", id),
    "ERR_UNSUPPORTED",
    "ERR_FORBIDDEN",
    "ERR_FORBIDDEN",
  ],
  [
    "a status of no chat",
    (id) => frame(StatusEvent, { event_type: "typing", user_id: id }),
    "ERR_FORBIDDEN",
    "ERR_FORBIDDEN",
    "ERR_FORBIDDEN",
  ],
  ["heartbeat", () => frame(Heartbeat, { sent_at: 5 }), "heartbeat", "heartbeat", "heartbeat"],
  ...serverFrames(),
];

/** Frames that a client may not send, or not after the handshake. */
function serverFrames() {
  const ack = {
    client_id: "00000000-0000-4000-8000-000000000000",
    message_id: 1,
    seq: 1,
    stored_at: 1,
  };
  const nonce = new Uint8Array(16);
  const frames: readonly [string, () => Frame][] = [
    ["hello", () => frame(Hello, { nonce, wires: [2], capabilities: [] })],
    ["ack", () => frame(Ack, { ...ack, chat_id })],
    ["message_list", () => frame(MessageListResponse, { messages: [], has_more: false })],
    ["error", () => frame(ErrorResponse, { error_code: "ERR", error_message: "" })],
  ];
  const rejected = ["ERR_UNKNOWN_TYPE", "ERR_UNKNOWN_TYPE", "ERR_UNKNOWN_TYPE"] as const;
  return frames.map(([name, make]) => [name, make, ...rejected] as const);
}

/** Returns the type of the first answer, the code of an error, or "nothing". */
async function answerTo([definition, value]: Frame, user: TestUser): Promise<string> {
  const connection = await user.connect();
  connection.send(definition, value);
  connection.send(Heartbeat, { sent_at: 77 });
  const first = await connection.next();
  connection.socket.terminate();
  if (first.type === "error") return first.value.error_code;
  const isEcho = first.type === "heartbeat" && first.value.sent_at === 77;
  return isEcho ? "nothing" : first.type;
}

describe.each(FRAMES)("%s", (_, make, member, nonMember, inAnothersName) => {
  it(`is answered with ${member} to both members`, async () => {
    for (const user of [alice, bob]) expect(await answerTo(make(user.id), user)).toBe(member);
  });

  it(`is answered with ${nonMember} to a non-member, also in the name of a member`, async () => {
    expect(await answerTo(make(carol.id), carol)).toBe(nonMember);
    expect(await answerTo(make(alice.id), carol)).toBe(nonMember);
  });

  it(`is answered with ${inAnothersName} to a member in the name of another user`, async () => {
    expect(await answerTo(make(bob.id), alice)).toBe(inAnothersName);
    expect(await answerTo(make(carol.id), bob)).toBe(inAnothersName);
  });
});

it("rejects a frame of an unknown type, without closing the connection", async () => {
  const connection = await alice.connect();
  connection.sendUnchecked("chat.poll", { chat_id });
  expect(await connection.nextError()).toBe("ERR_UNKNOWN_TYPE");
  expect(await connection.isQuiet()).toBe(true);
  connection.socket.terminate();
});
