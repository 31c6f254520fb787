import { MessageProtocol, type OpenOptions, Welcome } from "lacre";
import { type Acceptance, Channel, type DirectionKeys, directionKeys } from "lacre/server";
import type { Replace } from "./fault.js";

interface ConnectionKeys {
  readonly session: DirectionKeys;
  readonly connection: DirectionKeys;
  readonly wire: 1 | 2;
}

/** Returns an `acceptHello` that performs the handshake correctly and then uses the channel of `channelOf`. */
export function withChannel(channelOf: (keys: ConnectionKeys) => Channel): Replace {
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

/** Returns a correct channel. The fault then replaces one of its methods. */
export function correctChannel({ wire, connection }: ConnectionKeys): Channel {
  return new Channel({ wire, own: connection.server, peers: connection.client });
}

/** Returns an `acceptHello` whose channel opens a frame that it rejects with other options. */
export function alsoOpeningWith(
  optionsOf: (keys: DirectionKeys) => Pick<OpenOptions, "key" | "replay">,
): Replace {
  return withChannel((keys) => {
    const channel = correctChannel(keys);
    const open = channel.open.bind(channel);
    const options = optionsOf(keys.connection);
    channel.open = (data, now) => {
      try {
        return open(data, now);
      } catch (error) {
        try {
          return MessageProtocol.open(data as Uint8Array, { ...options, now });
        } catch {
          throw error;
        }
      }
    };
    return channel;
  });
}
