import { isIP } from "node:net";

/** A network that contains an address. */
export interface Network {
  /** Name in counter keys, such as `4:c00002/24`. */
  readonly name: string;
  /** Limit of the whole network, as a multiple of one client's limit. */
  readonly share: number;
}

/**
 * Prefix lengths in bits, and the share of each. An IPv6 client has a /64, a household often a /56, and a site a /48, which is
 * cheap to obtain.
 */
const PREFIXES = {
  4: [
    [32, 1],
    [24, 5],
  ],
  6: [
    [64, 1],
    [56, 2],
    [48, 5],
  ],
} as const;

/** Returns the networks of a normalized address (`readAddress`), from the smallest to the largest. */
export function networksOf(address: string): readonly [Network, ...Network[]] {
  const version = isIP(address);
  if (version === 0) return [{ name: address, share: 1 }];
  const bytes = version === 4 ? address.split(".").map(Number) : bytesOf(address);
  const networks = PREFIXES[version as 4 | 6].map(([bits, share]) => {
    const prefix = Buffer.from(bytes.slice(0, bits / 8)).toString("hex");
    return { name: `${version}:${prefix}/${bits}`, share };
  });
  return networks as [Network, ...Network[]];
}

/** Returns the 16 bytes of an IPv6 address. */
function bytesOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [first, last] = [groups(head), groups(tail ?? "")];
  const omitted = tail === undefined ? 0 : 8 - first.length - last.length;
  const all = [...first, ...Array<string>(omitted).fill("0"), ...last];
  return all.flatMap((group) => {
    const number = Number.parseInt(group, 16);
    return [number >> 8, number & 0xff];
  });
}
