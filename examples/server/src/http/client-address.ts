import { type BlockList, isIP } from "node:net";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { readAddress } from "../ip-address.js";

/** Returns the IP address of the client that sent a request. */
export function clientAddress(context: Context, trusted: BlockList): string {
  const remote = getConnInfo(context).remote.address ?? "unknown";
  return addressBehind(remote, context.req.header("x-forwarded-for") ?? "", trusted);
}

/**
 * Returns the last address in X-Forwarded-For that is not a trusted proxy, or the socket's address if that is not a trusted
 * proxy. Ignores entries further left, which the client may have forged. An entry that is not an address ends the search at
 * the address found so far.
 */
export function addressBehind(remote: string, forwarded: string, trusted: BlockList): string {
  let address = readAddress(remote) ?? remote;
  for (const entry of forwarded.split(",").reverse()) {
    const family = isIP(address);
    if (family === 0 || !trusted.check(address, family === 6 ? "ipv6" : "ipv4")) break;
    const next = readForwarded(entry);
    if (next === undefined) break;
    address = next;
  }
  return address;
}

/** Parses one entry of the header. Some proxies add the port, and brackets or quotes around the address. */
function readForwarded(entry: string): string | undefined {
  const text = entry.trim().replace(/^"(.*)"$/, "$1");
  // Match up to the first colon to avoid quadratic backtracking.
  const bracketed = /^\[([^\]:]*:[^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  const withPort = /^([\d.]+):\d{1,5}$/.exec(text)?.[1];
  return readAddress(bracketed ?? withPort ?? text);
}
