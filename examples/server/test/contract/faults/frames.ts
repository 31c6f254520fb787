import { Keyring, MessageProtocol, ReplayGuard, VerifyError } from "lacre";
import { Channel, CLOSE, directionKeys } from "lacre/server";
import { Connection } from "../../../src/websocket/connection.js";
import { Hub } from "../../../src/websocket/hub.js";
import { correctChannel, openingWith, withChannel } from "./channels.js";
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
      acceptHello: openingWith(({ client, server }) => ({
        key: new Keyring([client, server]),
        replay: new ReplayGuard(),
      })),
    },
    failingCases: [
      "rejects a frame under the key of the server's direction",
      "counts the frames of both ends in the answer to a heartbeat",
    ],
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
    failingCases: [
      "rejects a frame under a session key that is not derived with the connection's nonces",
      "signs all frames after the welcome with the connection's server key",
    ],
  },
  {
    name: "uses the handshake's keys for frames over HTTP",
    functions: { httpKeys: () => directionKeys },
    failingCases: [
      "rejects a frame under another key, or without a client id, over HTTP",
      "returns a list as a frame on request",
      "accepts a message in a frame on wire 1, and answers with a frame",
      "accepts a message in a frame on wire 2, and answers with a frame",
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
    failingCases: [
      "closes the connection with 1008 after a hello under another key",
      "closes the connection with 1008 after a hello on wire 2",
      "closes the connection with 1008 after an invalid hello",
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
    failingCases: [
      "returns a list as a frame on request",
      "accepts a message in a frame on wire 1, and answers with a frame",
      "accepts a message in a frame on wire 2, and answers with a frame",
    ],
  },
  {
    name: "accepts repeated frames",
    functions: {
      acceptHello: openingWith(({ client: key }) => ({ key })),
    },
    failingCases: [
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
    failingCases: ["counts the frames of both ends in the answer to a heartbeat"],
  },
  {
    name: "accepts frames with any timestamp",
    functions: {
      acceptHello: withChannel((keys) => {
        const channel = correctChannel(keys);
        const open = channel.open.bind(channel);
        channel.open = (data, now) => {
          const { timestamp } = MessageProtocol.fromBytes(data as Uint8Array);
          return open(data, Math.abs(now - timestamp) < 1000 ? timestamp : now);
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
