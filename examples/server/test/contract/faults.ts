import { randomUUID } from "node:crypto";
import {
  type ChatMessage,
  Keyring,
  MessageProtocol,
  type OpenOptions,
  ReplayGuard,
  type SigningKey,
  Welcome,
} from "lacre";
import { type Acceptance, Channel, type DirectionKeys, directionKeys } from "lacre/session";
import { Store } from "../../src/database/store.js";
import { Sessions } from "../../src/identity/sessions.js";
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
    (data, sessionKey: Uint8Array, offer, now): Acceptance | undefined => {
      const accepted: Acceptance | undefined = acceptHello(data, sessionKey, offer, now);
      if (accepted === undefined) return undefined;
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
        kept = () => storeMessage(store, message);
        promised.set(message.client_id!, stored!);
        return stored!;
      }),
    listMessages: andThenWrite,
    pageMessages: andThenWrite,
  };
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

/** Everything that this table breaks, and who notices. */
export const faults: readonly Fault[] = [
  {
    name: "acknowledges before it stores",
    isSeenOneByOne: true,
    functions: writingBehind(),
    noticedBy: ["what is acknowledged can be read, at once"],
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
      "a client id that comes again is acknowledged as before, and stored once",
      "a client id that is in two frames at once is one message",
      "a client id with another body is refused",
      "a client id with another body is refused over HTTP too",
      "a message is the same on another connection, and on another wire",
      "a message that comes again over HTTP is the same, as over a WebSocket",
      "a message that is refused takes no seq",
    ],
  },
  {
    name: "signs with the key of the client's direction",
    functions: {
      acceptHello: speakingThrough(
        ({ wire, connection: { client } }) => new Channel({ wire, own: client, peers: client }),
      ),
    },
    noticedBy: ["all after the welcome is under the connection's server key"],
  },
  {
    name: "takes frames that are signed with its own key",
    functions: {
      acceptHello: opening(({ client, server }) => ({
        key: new Keyring([client, server]),
        replay: new ReplayGuard(),
      })),
    },
    noticedBy: ["a frame under the key of the server's direction is refused"],
  },
  {
    name: "leaves the nonces out of a connection's keys",
    functions: {
      acceptHello: speakingThrough(({ wire, connection, session }) => {
        const peers = new Keyring([connection.client, session.client]) as unknown as SigningKey;
        return new Channel({ wire, own: session.server, peers });
      }),
    },
    noticedBy: [
      "a frame under the session's key without the connection's nonces is refused",
      "all after the welcome is under the connection's server key",
    ],
  },
  {
    name: "takes frames that came before",
    functions: {
      acceptHello: opening(({ client: key }) => ({ key })),
    },
    noticedBy: ["a frame that came before is refused"],
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
    noticedBy: ["a frame of a clock far ahead is refused", "a frame that is too old is refused"],
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
    noticedBy: ["a frame on another wire closes the connection with 4000"],
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
    noticedBy: [
      "a message that is refused takes no seq",
      "each chat counts for itself",
      "seqs begin with 1 and have no holes, while both write at once",
    ],
  },
  {
    name: "rewrites sender_id",
    functions: {
      acceptMessage: (acceptMessage) => (message, userId, services) =>
        acceptMessage({ ...message, sender_id: userId }, userId, services),
    },
    noticedBy: [
      "a message in another's name is refused, and not rewritten",
      "a message that is refused takes no seq",
      "in another's name, or for another chat than the address', nothing is taken over HTTP",
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
      "a message comes unchanged to the other member, on either wire",
      "a message over HTTP is acknowledged, and comes to the other member",
    ],
  },
  {
    name: "shows the chats of others",
    ...leaking(),
    noticedBy: [
      "a resume that is refused is named by its chat",
      "nobody resumes a chat of others, or one that is not there",
      "over HTTP a chat of others is as one that is not there",
    ],
  },
  {
    name: "takes marks past the last seq",
    functions: {
      markRefusal:
        (markRefusal) =>
        (...given) => {
          const refusal = markRefusal(...given);
          return refusal === "ERR_SEQ_AHEAD" ? undefined : refusal;
        },
    },
    noticedBy: ["a mark past the chat's last seq is refused, and told to nobody"],
  },
  {
    name: "takes marks in another's name",
    functions: {
      markRefusal:
        (markRefusal) =>
        (status, { user_id: _, ...known }) =>
          markRefusal(status, { ...known, user_id: status.user_id }),
    },
    noticedBy: ["a mark in another's name is refused, and not rewritten"],
  },
  {
    name: "answers a resume without saying what it covers, or that there is more",
    functions: {
      answerResume:
        (answerResume) =>
        (...given) => ({ messages: answerResume(...given).messages, has_more: false }),
    },
    noticedBy: [
      "a resume at the end is answered with nothing, and no more",
      "a resume past the end is answered with the end, which is before",
      "an answer that stops at the limit has more, and goes through its last seq",
      "an answer that would be too long for a frame stops before, and has more",
      "messages are read on from a seq, and back from one",
      "the answer to a resume says what it covers, up to the chat's last seq",
      "who goes on from through until nothing more gets each message once",
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
    noticedBy: ["a ticket opens one WebSocket"],
  },
  {
    name: "goes on with sessions that ended",
    methods: [[Sessions.prototype, "revoke", () => async () => {}]],
    noticedBy: [
      "a refresh token that comes again ends its session",
      "a session's connections end with it",
      "who logs out is out, and nobody else is",
    ],
  },
  {
    name: "sets a chat's parameters again",
    methods: [
      [
        Store.prototype,
        "setChatParameters",
        () =>
          function (this: Store, id: number, parameters: object) {
            return this.configureChat(id, parameters);
          },
      ],
    ],
    noticedBy: ["parameters are set once"],
  },
];
