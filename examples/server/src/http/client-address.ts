import { type BlockList, isIP } from "node:net";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";

/**
 * Whom a request comes from: the last address of X-Forwarded-For that no trusted proxy wrote for another, and the
 * socket's own where that is no trusted proxy's. What stands further left in the header is anybody's word.
 */
export function clientAddress(context: Context, trusted: BlockList): string {
  let address = withoutMapping(getConnInfo(context).remote.address ?? "unknown");
  const forwarded = (context.req.header("x-forwarded-for") ?? "").split(",").reverse();
  for (const next of forwarded.map((text) => withoutMapping(text.trim()))) {
    const family = isIP(address);
    if (family === 0 || !trusted.check(address, family === 6 ? "ipv6" : "ipv4")) break;
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

/** A socket for both families gives IPv4 addresses as ::ffff:192.0.2.1. */
function withoutMapping(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
