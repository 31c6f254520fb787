import { ChatMessage, MessageProtocol, Welcome } from "../../src/index.js";
import {
  acceptConnection,
  acceptHello,
  Channel,
  type ConnectionOptions,
  directionKeys,
  encodeHttpAnswer,
  memoryStore,
  messageDigest,
  RejectionError,
} from "../../src/server/index.js";
import {
  httpKeys,
  type OutgoingMessage,
  openHttpAnswer,
  Session,
  type SessionAction,
  type SessionOptions,
} from "../../src/session/index.js";
import { counting } from "../support/hex.js";
import { type Bytes, type Case, NOW, SECRET, unchanged } from "./case.js";

const session_key = SECRET;
const keys = directionKeys(SECRET);
const [client, server] = [
  { wire: 2, own: keys.client, peers: keys.server },
  { wire: 2, own: keys.server, peers: keys.client },
] as const;
const written = (bytes: Bytes): OutgoingMessage => ({
  chat_id: 42,
  sender_id: 7,
  content: bytes(counting(40)),
  nonce: bytes(counting(12)),
  timestamp: NOW,
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
});
const plain = written(unchanged);
const frame = new Channel(client).encode(ChatMessage, plain, NOW);
const request = counting(32);
const httpAnswer = encodeHttpAnswer(ChatMessage, plain, { key: httpKeys(SECRET).server, request });
const offer = { capabilities: ["delivered"], limits: { a: 1 }, heartbeat: 30 };
const signs = ({ client: own, server: peers }: typeof keys) =>
  [own, peers].map((key) =>
    new MessageProtocol({ type: "t", payload: {}, timestamp: NOW }).sign(key).toBytes(),
  );
const hello = () => startHandshake(new Session({ session_key, user_id: 7 }));
const transmitted = (actions: readonly SessionAction[]) =>
  actions.flatMap((action) => (action.type === "transmit" ? [action.bytes] : []));

function startHandshake(session: Session): Uint8Array {
  session.handle({ type: "tick" }, NOW);
  return transmitted(session.handle({ type: "connected" }, NOW))[0]!;
}

/** Reconnects a session; returns its hello and the messages that it sends. */
function reconnect(session: Session): unknown[] {
  const isNew = session
    .handle({ type: "closed", code: 1006 }, NOW)
    .some(({ type }) => type === "connect");
  const now = isNew ? NOW : NOW + 60;
  if (!isNew) session.handle({ type: "tick" }, now);
  const [helloFrame] = transmitted(session.handle({ type: "connected" }, now));
  const accepted = acceptHello(helloFrame, SECRET, offer, now);
  const actions = session.handle({ type: "frame", data: accepted.frame }, now);
  const frames = transmitted(actions).map((bytes) => accepted.channel.open(bytes, now));
  const { nonce: _, ...rest } = accepted.hello;
  return [rest, frames.map(({ type, payload }) => ({ type, payload }))];
}

interface AcceptedConnection {
  readonly frames: Uint8Array[];
  readonly connection: ReturnType<typeof acceptConnection>;
}

export const cases: readonly Case[] = [
  {
    names: ["directionKeys"],
    args: (bytes) => [
      bytes(SECRET),
      { hello: bytes(counting(16)), welcome: bytes(SECRET.slice(16)) },
    ],
    call: directionKeys,
    later: (of: typeof keys) => signs({ ...of }),
  },
  {
    names: ["httpKeys"],
    args: (bytes) => [bytes(SECRET)],
    call: httpKeys,
    later: (of: typeof keys) => signs({ ...of }),
  },
  {
    names: ["Channel", "Channel#encode"],
    args: (bytes) => [{ ...client }, written(bytes)],
    call: (of: typeof client, value: OutgoingMessage) =>
      new Channel(of).encode(ChatMessage, value, NOW),
    later: (bytes: Uint8Array) => new Channel(server).open(bytes, NOW).payload,
  },
  {
    names: ["Channel#open", "Channel#sent", "Channel#received"],
    args: (bytes) => [bytes(frame)],
    call: (bytes: Uint8Array) => new Channel(server).open(bytes, NOW),
    later: (of: MessageProtocol) => [of.payload, of.toBytes()],
  },
  {
    names: ["acceptHello"],
    args: (bytes) => [
      bytes(hello()),
      bytes(SECRET),
      { ...offer, capabilities: [...offer.capabilities], limits: { ...offer.limits }, wires: [2] },
      NOW,
    ],
    call: (...args: Parameters<typeof acceptHello>) => {
      const { hello, frame: welcome } = acceptHello(...args);
      return { wires: hello.wires, welcome: MessageProtocol.fromBytes(welcome) };
    },
    later({ wires, welcome }: { wires: readonly number[]; welcome: MessageProtocol }) {
      const { nonce: _, hello_nonce: __, ...rest } = Welcome.fromProtocol(welcome);
      return [String(wires), rest];
    },
  },
  {
    names: ["Session"],
    args: (bytes) => [
      {
        session_key: bytes(SECRET),
        user_id: 7,
        device_id: "phone",
        outbox: [written(bytes)],
        cursors: [[42, 3]],
        wires: [2],
        capabilities: ["delivered"],
        random: () => 0.5,
      },
    ],
    call: (options: SessionOptions) => new Session(options),
    later: reconnect,
  },
  {
    names: ["Session#handle"],
    isReported: true,
    args: (bytes) => [{ type: "send", message: written(bytes) }],
    call(event: { type: "send"; message: OutgoingMessage }) {
      const session = new Session({ session_key, user_id: 7 });
      startHandshake(session);
      session.handle(event, NOW);
      session.handle({ type: "stored", client_id: plain.client_id }, NOW);
      return session;
    },
    later: reconnect,
  },
  {
    names: ["Session#handle"],
    isReported: true,
    args: (bytes) => [bytes(hello())],
    call(data: Uint8Array) {
      const session = new Session({ session_key, user_id: 7, cursors: [[42, 1]] });
      const accepted = acceptHello(startHandshake(session), SECRET, offer, NOW);
      session.handle({ type: "frame", data: accepted.frame }, NOW);
      session.handle({ type: "frame", data }, NOW);
      return session;
    },
    later: reconnect,
  },
  {
    names: ["encodeHttpAnswer"],
    args: (bytes) => [
      ChatMessage,
      written(bytes),
      { key: httpKeys(SECRET).server, request: bytes(request), wire: 2 },
    ],
    call: encodeHttpAnswer,
    later: (bytes: Uint8Array) =>
      openHttpAnswer(bytes, { key: httpKeys(SECRET).server, request }).payload,
  },
  {
    names: ["openHttpAnswer"],
    args: (bytes) => [bytes(httpAnswer), { key: httpKeys(SECRET).server, request: bytes(request) }],
    call: openHttpAnswer,
    later: (of: MessageProtocol) => [of.payload, of.toBytes()],
  },
  {
    names: ["acceptConnection"],
    args: (bytes) => [
      {
        session: { session_key: bytes(SECRET), user_id: 7 },
        store: memoryStore({ members: () => [7] }),
        send: () => {},
        close: () => {},
        buffered: () => 0,
        offer: { capabilities: ["delivered"], limits: { a: 1 }, heartbeat: 30, wires: [2] },
        handshakeTimeout: 10,
        channel: undefined,
      },
    ],
    call(options: ConnectionOptions) {
      const frames: Uint8Array[] = [];
      const send = (bytes: Uint8Array) => void frames.push(bytes);
      return { frames, connection: acceptConnection({ ...options, send }) };
    },
    async later({ frames, connection }: AcceptedConnection) {
      await connection.receive(hello());
      const welcome = MessageProtocol.fromBytes(frames[0]!);
      const { nonce: _, hello_nonce: __, ...rest } = Welcome.fromProtocol(welcome);
      return [rest, frames.map((bytes) => MessageProtocol.fromBytes(bytes).type)];
    },
  },
  {
    names: ["memoryStore"],
    args: () => [{ members: () => [7], maxBytes: 9999, now: () => NOW }],
    call: memoryStore,
    later: (store: ReturnType<typeof memoryStore>) => store.findChat(7, 42),
  },
  {
    names: ["memoryStore"],
    args: (bytes) => [written(bytes)],
    isReported: true,
    call(message: OutgoingMessage) {
      const store = memoryStore({ members: () => [7, 1e15], now: () => NOW });
      if (typeof message === "object" && message !== null) store.add(message);
      return store;
    },
    later: async (store: ReturnType<typeof memoryStore>) =>
      store.list(7, { chat_id: 42, after: 0, limit: 9, maxBytes: 9999 }),
  },
  {
    names: ["RejectionError"],
    args: () => ["ERR_BUSY", "busy", { retry_after: 5 }],
    call: (...args: ConstructorParameters<typeof RejectionError>) => new RejectionError(...args),
    later: ({ code, message, details }: RejectionError) => [code, message, details],
  },
  { names: ["messageDigest"], args: (bytes) => [written(bytes)], call: messageDigest },
];

export const without: readonly string[] = [
  // Functions of strings and numbers.
  ...["CLOSE", "closeCode", "statusErrorCode", "answerHeartbeat"],
  // They return some of the caller's own messages, and keep none.
  ...["answerResume", "messagesThatFit"],
];
