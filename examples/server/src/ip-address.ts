import { isIP, SocketAddress } from "node:net";

/**
 * Normalises an IP address for comparison: IPv6 compressed and without its zone, and IPv4-mapped IPv6 (`::ffff:192.0.2.1`)
 * as IPv4. Returns undefined if the text is not an IP address.
 */
export function readAddress(text: string): string | undefined {
  const bare = text.replace(/%.*$/s, "");
  const version = isIP(bare);
  if (version === 0) return undefined;
  if (version === 4) return text === bare ? bare : undefined;
  const { address } = new SocketAddress({ address: bare, family: "ipv6" });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}
