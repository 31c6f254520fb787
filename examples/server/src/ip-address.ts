import { isIP, SocketAddress } from "node:net";

/**
 * Returns an IP address in the one form in which addresses are compared: IPv6 shortened and without its zone, and IPv4
 * as itself also where it is written as IPv6 (`::ffff:192.0.2.1`). Undefined if the text is no address.
 */
export function readAddress(text: string): string | undefined {
  const bare = text.replace(/%.*$/s, "");
  const version = isIP(bare);
  if (version === 0) return undefined;
  if (version === 4) return text === bare ? bare : undefined;
  const { address } = new SocketAddress({ address: bare, family: "ipv6" });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}
