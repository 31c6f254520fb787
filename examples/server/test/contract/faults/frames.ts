import { MessageProtocol, ReplayGuard, VerifyError } from "lacre";
import { Channel, CLOSE, directionKeys } from "lacre/server";
import { Connection } from "../../../src/websocket/connection.js";
import { Hub } from "../../../src/websocket/hub.js";
import { alsoOpeningWith, correctChannel, withChannel } from "./channels.js";
import type { Fault, Replace } from "./fault.js";

/** Faults of handshakes, keys and the checks of frames. */
export const frameFaults: readonly Fault[] = [
  {
    name: "signs with the key of the client's direction",
    functions: {
      acceptHello: withChannel(
        ({ wire, connection: { client } }) => new Channel({ wire, own: client, peers: client }),
      ),
    },
    failingCases: ["signs all frames after the welcome with the connection's server key"],
  },
  {
    name: "accepts frames signed with its own key",
    functions: {
      acceptHello: alsoOpeningWith(({ server: key }) => ({ key, replay: new ReplayGuard() })),
    },
    failingCases: ["rejects a frame under the key of the server's direction"],
  },
  {
    name: "derives the keys of a connection without its nonces",
    functions: {
      acceptHello: withChannel(({ wire, connection, session }) => {
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
    failingCases: ["signs all frames after the welcome with the connection's server key"],
    notRun: [
      "rejects a frame under a session key that is not derived with the connection's nonces",
    ],
  },
  {
    name: "uses the handshake's keys for frames over HTTP",
    functions: { httpKeys: () => directionKeys },
    failingCases: ["accepts a message in a frame on either wire"],
    notRun: [
      "rejects a frame under another key, or without a client id, over HTTP",
      "returns a list as a frame on request",
      "answers a frame with a frame on its wire, which names the request",
    ],
  },
  {
    name: "keeps a connection open after an invalid first frame",
    methods: [
      [
        Connection.prototype,
        "endWith",
        (endWith) =>
          function (this: Connection, code, reason) {
            if (code !== CLOSE.policy) endWith.call(this, code, reason);
          },
      ],
    ],
    failingCases: ["closes the connection with 1008 after an invalid hello"],
    notRun: [
      "closes the connection with 1008 after a hello under another key",
      "closes the connection with 1008 after a hello on wire 2",
      "closes the connection with 1008 after any data before the hello",
    ],
  },
  {
    name: "treats a hello as a frame under the connection's keys",
    ...confirmingByHello(),
    failingCases: ["does not report a user as online after a hello alone"],
  },
  {
    name: "drops deliveries made before the client's first frame",
    methods: [
      [
        Connection.prototype,
        "deliver",
        (deliver) =>
          function (this: Connection, delivery) {
            if (this.isConfirmed) deliver.call(this, delivery);
          },
      ],
    ],
    failingCases: ["holds deliveries back until the client's first frame after the welcome"],
  },
  {
    name: "omits from an HTTP answer in a frame which request it answers",
    functions: {
      encodeHttpAnswer: (encodeHttpAnswer) => (definition, value, options) =>
        encodeHttpAnswer(definition, value, { ...options, request: new Uint8Array(32) }),
    },
    failingCases: ["answers a frame with a frame on its wire, which names the request"],
    notRun: ["returns a list as a frame on request"],
  },
  {
    name: "accepts repeated frames",
    functions: {
      acceptHello: alsoOpeningWith(({ client: key }) => ({ key })),
    },
    failingCases: ["rejects a repeated frame"],
    notRun: ["rejects a new frame whose timestamp is not greater than that of the frame before"],
  },
  {
    name: "counts no frames",
    functions: {
      answerHeartbeat:
        () =>
        ({ sent_at }) => ({ sent_at }),
    },
    failingCases: ["counts the frames of both ends in the answer to a heartbeat"],
  },
  {
    name: "accepts frames in any order of their timestamps",
    functions: {
      acceptHello: withChannel((keys) => {
        const channel = correctChannel(keys);
        const replay = new ReplayGuard();
        const options = { key: keys.connection.client, replay };
        let received = 0;
        channel.open = (data, now) => {
          const message = MessageProtocol.open(data as Uint8Array, { ...options, now });
          received += 1;
          return message;
        };
        Object.defineProperty(channel, "received", { get: () => received });
        return channel;
      }),
    },
    failingCases: [
      "rejects a new frame whose timestamp is not greater than that of the frame before",
    ],
  },
  {
    name: "signs frames with whole seconds",
    functions: {
      acceptHello: withChannel((keys) => {
        const channel = correctChannel(keys);
        const { server } = keys.connection;
        const encode = channel.encode.bind(channel);
        channel.encode = (definition, value, now) => {
          encode(definition, value, now);
          const { wire } = channel;
          const message = definition.toProtocol(value, server, {
            wire,
            timestamp: Math.floor(now),
          });
          return message.toBytes();
        };
        return channel;
      }),
    },
    failingCases: ["signs each frame with a greater timestamp"],
  },
  {
    name: "requires the usual order of the keys on wire 1",
    functions: {
      acceptHello: withChannel((keys) => {
        const channel = correctChannel(keys);
        const open = channel.open.bind(channel);
        channel.open = (data, now) => {
          const [head, , first] = data as Uint8Array;
          if (head === 0x84 && first !== "t".charCodeAt(0)) throw new VerifyError();
          return open(data, now);
        };
        return channel;
      }),
    },
    failingCases: ["accepts a frame on wire 1 with its keys in another order"],
  },
  {
    name: "accepts signatures in upper case",
    functions: {
      acceptHello: withChannel((keys) => {
        const channel = correctChannel(keys);
        const open = channel.open.bind(channel);
        channel.open = (data, now) => {
          if (typeof data === "string") return open(data, now);
          const bytes = (data as Uint8Array).slice();
          const signature = new TextDecoder().decode(bytes.subarray(-64));
          if (!/^[0-9A-F]{64}$/.test(signature)) return open(data, now);
          bytes.set(new TextEncoder().encode(signature.toLowerCase()), bytes.length - 64);
          return open(bytes, now);
        };
        return channel;
      }),
    },
    failingCases: ["rejects a signature in upper case on wire 1"],
  },
  {
    name: "accepts frames with any timestamp",
    functions: {
      acceptHello: withChannel((keys) => {
        const channel = correctChannel(keys);
        const open = channel.open.bind(channel);
        const { client: key } = keys.connection;
        channel.open = (data, now) => {
          if (typeof data === "string") return open(data, now);
          const { timestamp } = MessageProtocol.fromBytes(data as Uint8Array);
          const isFresh = Math.abs(now - timestamp) < 300;
          return isFresh
            ? open(data, now)
            : MessageProtocol.open(data as Uint8Array, { key, now: timestamp });
        };
        return channel;
      }),
    },
    failingCases: ["rejects a frame from the future", "rejects a frame that is too old"],
  },
  {
    name: "accepts frames on a wire that was not negotiated",
    functions: {
      acceptHello: withChannel((keys) => {
        const channel = correctChannel(keys);
        const open = channel.open.bind(channel);
        channel.open = (data, now) => {
          const message = open(data, now);
          Object.assign(channel, { wire: message.wire });
          return message;
        };
        return channel;
      }),
    },
    failingCases: ["closes the connection with 4000 after a frame on another wire"],
  },
];

/** Replaces methods so that a hello confirms the connection, which only a frame under the connection's keys may do. */
function confirmingByHello(): Pick<Fault, "methods"> {
  let hub: Hub | undefined;
  const noteHub: Replace = (original) =>
    function (this: Hub, ...given) {
      hub = this;
      return original.apply(this, given);
    };
  const confirmByHello: Replace = (original) =>
    function (this: Connection, data) {
      original.call(this, data);
      if (!this.isConfirmed) void hub?.confirmed(this);
    };
  return {
    methods: [
      [Hub.prototype, "confirmed", noteHub],
      [Connection.prototype, "receive", confirmByHello],
    ],
  };
}
