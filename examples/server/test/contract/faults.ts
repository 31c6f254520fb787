import { randomUUID } from "node:crypto";
import {
  type ChatMessage,
  Keyring,
  MessageProtocol,
  type OpenOptions,
  ReplayGuard,
  VerifyError,
  Welcome,
} from "lacre";
import { type Acceptance, Channel, type DirectionKeys, directionKeys } from "lacre/server";
import { Store } from "../../src/database/store.js";
import { Sessions } from "../../src/identity/sessions.js";
import { Connection } from "../../src/live/connection.js";
import { Live } from "../../src/live/live.js";
import type { StoredInChat } from "../../src/messages/store-message.js";

// biome-ignore lint/suspicious/noExplicitAny: what is broken is broken whatever its types are
type AnyFunction = (...given: any[]) => any;
type Break = (original: AnyFunction) => AnyFunction;

/** A way in which a server may be wrong, and what of the contract it then does not keep. */
export interface Fault {
  readonly name: string;
  /** Replacements for functions of the modules that the test makes breakable, by their names. */
  readonly functions?: Readonly<Record<string, Break>>;
  /** Replacements for methods of the server's classes. */
  readonly methods?: readonly (readonly [prototype: object, name: string, broken: Break])[];
  /** For a fault that looks another way where several chat at the same time. */
  readonly isSeenOneByOne?: boolean;
  /** The names of the cases that notice. */
  readonly noticedBy: readonly string[];
}

interface ConnectionKeys {
  readonly session: DirectionKeys;
  readonly connection: DirectionKeys;
  readonly wire: 1 | 2;
}

/** An acceptHello that agrees on what it should, and then speaks through another channel. */
function speakingThrough(channelOf: (keys: ConnectionKeys) => Channel): Break {
  return (acceptHello) =>
    (data, sessionKey: Uint8Array, offer, now): Acceptance => {
      const accepted: Acceptance = acceptHello(data, sessionKey, offer, now);
      const welcome = Welcome.fromProtocol(MessageProtocol.fromBytes(accepted.frame));
      const nonces = { hello: accepted.hello.nonce, welcome: welcome.nonce };
      const [session, connection] = [directionKeys(sessionKey), directionKeys(sessionKey, nonces)];
      return {
        ...accepted,
        channel: channelOf({ session, connection, wire: accepted.channel.wire }),
      };
    };
}

/** A channel that opens what comes as these options say. */
function opening(optionsOf: (keys: DirectionKeys) => Pick<OpenOptions, "key" | "replay">): Break {
  return speakingThrough(({ wire, connection }) => {
    const channel = new Channel({ wire, own: connection.server, peers: connection.client });
    const options = optionsOf(connection);
    channel.open = (data, now) => MessageProtocol.open(data as Uint8Array, { ...options, now });
    return channel;
  });
}

/** A server that keeps a message to itself until somebody has looked for it, or another one comes. */
function writingBehind(): Record<string, Break> {
  const promised = new Map<string, StoredInChat>();
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
  let kept: (() => Promise<unknown>) | undefined;
  const write = async () => {
    const work = kept;
    kept = undefined;
    await work?.();
  };
  const andThenWrite: Break =
    (list) =>
    async (...given) => {
      const found = await list(...given);
      await inTurn(write);
      return found;
    };
  return {
    storeMessage: (storeMessage) => (store: Store, message: ChatMessage) =>
      inTurn(async () => {
        await write();
        let stored: StoredInChat | undefined;
        // Nothing is done where it gives nothing.
        await store.attempt(async (inside) => {
          stored = await storeMessage(inside, message);
          return undefined;
        });
        if (!stored!.isNew) return { ...promised.get(message.client_id!)!, isNew: false };
        const { stored_at } = stored!.stored;
        kept = () => at(stored_at, () => storeMessage(store, message));
        promised.set(message.client_id!, stored!);
        return stored!;
      }),
    listMessages: andThenWrite,
    pageMessages: andThenWrite,
  };
}

/** Calls `work` while the clock shows this Unix time in seconds. */
function at<Result>(time: number, work: () => Result): Result {
  const { now } = Date;
  Date.now = () => Math.round(time * 1000);
  try {
    return work();
  } finally {
    Date.now = now;
  }
}

/** A server that lists a chat for whoever asks, as for the first of its members. */
function leaking(): Pick<Fault, "functions" | "methods"> {
  const memberOf = new Map<number, number>();
  const asMember: Break = (list) => (store, userId: number, question: { chat_id: number }) =>
    list(store, memberOf.get(question.chat_id) ?? userId, question);
  const remember: Break = (createChat) =>
    async function (this: Store, ...given) {
      const chat = await createChat.apply(this, given);
      if (chat !== undefined) memberOf.set(chat.id, chat.user1_id);
      return chat;
    };
  return {
    functions: { listMessages: asMember, pageMessages: asMember },
    methods: [[Store.prototype, "createChat", remember]],
  };
}

/** A server for which a hello is as good as a frame under the connection's keys. */
function trustingHellos(): Pick<Fault, "methods"> {
  let live: Live | undefined;
  const noteLive: Break = (original) =>
    function (this: Live, ...given) {
      live = this;
      return original.apply(this, given);
    };
  const confirmAtOnce: Break = (original) =>
    function (this: Connection, data) {
      original.call(this, data);
      void live?.confirmed(this);
    };
  return {
    methods: [
      [Live.prototype, "confirmed", noteLive],
      [Connection.prototype, "handshake", confirmAtOnce],
    ],
  };
}

/** Everything that this table breaks, and who notices. */
export const faults: readonly Fault[] = [
  {
    name: "acknowledges before it stores",
    isSeenOneByOne: true,
    functions: writingBehind(),
    noticedBy: [
      "accepts a request when the other member answers",
      "returns a message immediately after its ack",
    ],
  },
  {
    name: "ignores client ids",
    methods: [
      [
        Store.prototype,
        "addMessage",
        (addMessage) =>
          async function (this: Store, message) {
            const id = await addMessage.call(this, message);
            return id ?? addMessage.call(this, { ...message, client_id: randomUUID() });
          },
      ],
    ],
    noticedBy: [
      "acknowledges a repeated client id as before, and stores the message once",
      "stores one message for two simultaneous frames with the same client id",
      "rejects a used client id with another body",
      "rejects a used client id with another body over HTTP",
      "recognises a repeated message on another connection and another wire",
      "acknowledges a repeated message over HTTP as before, as over a WebSocket",
      "assigns no seq to a rejected message",
    ],
  },
  {
    name: "signs with the key of the client's direction",
    functions: {
      acceptHello: speakingThrough(
        ({ wire, connection: { client } }) => new Channel({ wire, own: client, peers: client }),
      ),
    },
    noticedBy: ["signs all frames after the welcome with the connection's server key"],
  },
  {
    name: "takes frames that are signed with its own key",
    functions: {
      acceptHello: opening(({ client, server }) => ({
        key: new Keyring([client, server]),
        replay: new ReplayGuard(),
      })),
    },
    noticedBy: [
      "rejects a frame under the key of the server's direction",
      "counts the frames of both ends in the answer to a heartbeat",
    ],
  },
  {
    name: "leaves the nonces out of a connection's keys",
    functions: {
      acceptHello: speakingThrough(({ wire, connection, session }) => {
        const channel = new Channel({ wire, own: session.server, peers: connection.client });
        const open = channel.open.bind(channel);
        channel.open = (data, now) => {
          try {
            return open(data, now);
          } catch (error) {
            if (!(error instanceof VerifyError)) throw error;
            return MessageProtocol.open(data as Uint8Array, { key: session.client, now });
          }
        };
        return channel;
      }),
    },
    noticedBy: [
      "rejects a frame under a session key that is not derived with the connection's nonces",
      "signs all frames after the welcome with the connection's server key",
    ],
  },
  {
    name: "uses the keys of the handshake for frames over HTTP",
    functions: { httpKeys: () => directionKeys },
    noticedBy: [
      "rejects a frame under another key, or without a client id, over HTTP",
      "returns a list as a frame on request",
      "accepts a message in a frame on wire 1, and answers with a frame",
      "accepts a message in a frame on wire 2, and answers with a frame",
    ],
  },
  {
    name: "takes a hello for a frame under the connection's keys",
    ...trustingHellos(),
    noticedBy: [
      "does not report a user as online after a hello alone",
      "holds deliveries back until the client's first frame after the welcome",
    ],
  },
  {
    name: "loses what comes before a client's first frame",
    methods: [
      [
        Connection.prototype,
        "whenConfirmed",
        () =>
          function (this: Connection, action) {
            if (this.isConfirmed) action();
          },
      ],
    ],
    noticedBy: ["holds deliveries back until the client's first frame after the welcome"],
  },
  {
    name: "does not say which request an answer in a frame is to",
    functions: {
      encodeHttpAnswer: (encodeHttpAnswer) => (definition, value, options) =>
        encodeHttpAnswer(definition, value, { ...options, request: new Uint8Array(32) }),
    },
    noticedBy: [
      "returns a list as a frame on request",
      "accepts a message in a frame on wire 1, and answers with a frame",
      "accepts a message in a frame on wire 2, and answers with a frame",
    ],
  },
  {
    name: "takes frames that came before",
    functions: {
      acceptHello: opening(({ client: key }) => ({ key })),
    },
    noticedBy: [
      "rejects a repeated frame",
      "counts the frames of both ends in the answer to a heartbeat",
    ],
  },
  {
    name: "counts no frames",
    functions: {
      answerHeartbeat:
        () =>
        ({ sent_at }) => ({ sent_at }),
    },
    noticedBy: ["counts the frames of both ends in the answer to a heartbeat"],
  },
  {
    name: "takes frames of any time",
    functions: {
      acceptHello: speakingThrough(({ wire, connection }) => {
        const channel = new Channel({ wire, own: connection.server, peers: connection.client });
        const open = channel.open.bind(channel);
        channel.open = (data, now) => {
          const { timestamp } = MessageProtocol.fromBytes(data as Uint8Array);
          return open(data, Math.abs(now - timestamp) < 1000 ? timestamp : now);
        };
        return channel;
      }),
    },
    noticedBy: ["rejects a frame from the future", "rejects a frame that is too old"],
  },
  {
    name: "takes another wire than was agreed on",
    functions: {
      acceptHello: speakingThrough(({ wire, connection }) => {
        const channel = new Channel({ wire, own: connection.server, peers: connection.client });
        const open = channel.open.bind(channel);
        channel.open = (data, now) => {
          const message = open(data, now);
          Object.assign(channel, { wire: message.wire });
          return message;
        };
        return channel;
      }),
    },
    noticedBy: ["closes the connection with 4000 after a frame on another wire"],
  },
  {
    name: "leaves holes in the seqs",
    methods: [
      [
        Store.prototype,
        "takeSeq",
        (takeSeq) =>
          async function (this: Store, chat) {
            await takeSeq.call(this, chat);
            return takeSeq.call(this, chat);
          },
      ],
    ],
    // A request that has a message is known by its seq.
    noticedBy: [
      "assigns no seq to a rejected message",
      "lets only the other member accept a request",
      "accepts one message in a request, which may be repeated",
      "accepts a request when the other member answers",
      "counts seqs per chat",
      "assigns seqs from 1 without gaps while both members send",
    ],
  },
  {
    name: "rewrites sender_id",
    functions: {
      acceptMessage: (acceptMessage) => (message, userId, services) =>
        acceptMessage({ ...message, sender_id: userId }, userId, services),
    },
    noticedBy: [
      "rejects a message in another user's name",
      "assigns no seq to a rejected message",
      "rejects a message in another user's name, or for a chat other than the path's, over HTTP",
    ],
  },
  {
    name: "rounds the times of messages",
    functions: {
      acceptMessage:
        (acceptMessage) =>
        async (...given) => {
          const accepted = await acceptMessage(...given);
          const timestamp = Math.floor(accepted.message.timestamp);
          return { ...accepted, message: { ...accepted.message, timestamp } };
        },
    },
    noticedBy: [
      "delivers a message unchanged to the other member on either wire",
      "acknowledges a message over HTTP, and delivers it to the other member",
    ],
  },
  {
    name: "shows the chats of others",
    ...leaking(),
    noticedBy: [
      "names the chat of a rejected resume",
      "rejects a resume of a non-member, or of an unknown chat",
      "answers a non-member over HTTP as if the chat did not exist",
    ],
  },
  {
    name: "takes marks past the last seq",
    functions: {
      statusErrorCode:
        (statusErrorCode) =>
        (...given) => {
          const refusal = statusErrorCode(...given);
          return refusal === "ERR_SEQ_AHEAD" ? undefined : refusal;
        },
    },
    noticedBy: ["rejects a receipt past the chat's last seq, and sends it to no one"],
  },
  {
    name: "takes marks in another's name",
    functions: {
      statusErrorCode:
        (statusErrorCode) =>
        (status, { user_id: _, ...known }) =>
          statusErrorCode(status, { ...known, user_id: status.user_id }),
    },
    noticedBy: ["rejects a receipt in another user's name"],
  },
  {
    name: "answers a resume without saying what it covers, or that there is more",
    functions: {
      answerResume:
        (answerResume) =>
        (...given) => ({ messages: answerResume(...given).messages, has_more: false }),
    },
    noticedBy: [
      "returns a list as a frame on request",
      "answers a resume at the end with an empty list and has_more false",
      "answers a resume past the end with the chat's last seq",
      "stops at the limit, with has_more true and through at the last seq",
      "stops before the answer exceeds a frame, with has_more true",
      "pages through messages forward and backward from a seq",
      "names the range that the answer to a resume covers, up to the chat's last seq",
      "returns each message once over consecutive pages",
    ],
  },
  {
    name: "lets a ticket in twice",
    methods: [
      [
        Sessions.prototype,
        "redeemTicket",
        (redeemTicket) => {
          const redeemed = new Map<string, unknown>();
          return async function (this: Sessions, ticket: string) {
            const session = redeemed.get(ticket) ?? (await redeemTicket.call(this, ticket));
            redeemed.set(ticket, session);
            return session;
          };
        },
      ],
    ],
    noticedBy: ["opens one WebSocket with a ticket"],
  },
  {
    name: "goes on with sessions that ended",
    methods: [[Sessions.prototype, "revoke", () => async () => {}]],
    noticedBy: [
      "ends the session when a refresh token is used again",
      "closes the connections of a session that ends",
      "lets the device of a login repeat a refresh",
      "ends only the session that logs out",
    ],
  },
  {
    name: "takes a repeated refresh of the login's device for a theft",
    methods: [
      [
        Sessions.prototype,
        "refresh",
        (refresh) =>
          function (this: Sessions, token: string) {
            return refresh.call(this, token);
          },
      ],
    ],
    noticedBy: ["lets the device of a login repeat a refresh"],
  },
  {
    name: "takes every message of a request",
    methods: [
      [
        Store.prototype,
        "takeSeq",
        (takeSeq) =>
          async function (this: Store, chat) {
            const taken = await takeSeq.call(this, chat);
            const isOpener = taken?.created_by === chat.sender_id;
            return taken && { ...taken, accepted_at: isOpener ? 1 : taken.accepted_at };
          },
      ],
    ],
    noticedBy: ["accepts one message in a request, which may be repeated"],
  },
  {
    name: "takes a block for an accept",
    methods: [
      [
        Store.prototype,
        "setContact",
        (setContact) =>
          function (this: Store, chat, change) {
            return setContact.call(this, chat, { ...change, action: "accept" });
          },
      ],
    ],
    noticedBy: ["rejects messages of a blocked user"],
  },
  {
    name: "sets a chat's parameters again",
    methods: [
      [
        Store.prototype,
        "setChatParameters",
        (original) =>
          async function (this: Store, ...given) {
            return (await original.apply(this, given)) ?? {};
          },
      ],
    ],
    noticedBy: ["rejects a second set of key parameters"],
  },
  {
    name: "starts over a chat that was answered",
    methods: [
      [
        Store.prototype,
        "restartChat",
        (original) =>
          async function (this: Store, ...given) {
            await original.apply(this, given);
            return true;
          },
      ],
    ],
    noticedBy: ["rejects starting an answered chat over"],
  },
  {
    name: "says nothing of a change of auto_delete_hours",
    methods: [
      [
        Live.prototype,
        "broadcastStatus",
        (original) =>
          function (this: Live, chat, status, from) {
            if (status.event_type !== "chat_changed") original.call(this, chat, status, from);
          },
      ],
    ],
    noticedBy: ["sends chat_changed to members that announced the capability only"],
  },
  {
    name: "takes every setting for a change",
    methods: [
      [
        Store.prototype,
        "setAutoDelete",
        (original) =>
          async function (this: Store, id, setting) {
            await original.call(this, id, { ...setting, hours: null });
            return original.call(this, id, setting);
          },
      ],
    ],
    noticedBy: [
      "names the member who changed auto_delete_hours, and the last message before the change",
    ],
  },
];
