import { createHmac } from "node:crypto";
import { isWithinBounds, type Node, readTree } from "./reference-messagepack.js";

/** What a receiver must do with a frame. `why` is the requirement of docs/PROTOCOL.md that rejects it. */
export type RequiredResult =
  | { readonly opens: false; readonly why: string }
  | { readonly opens: true; readonly tag: Uint8Array; readonly timestamp: number };

/** A key, as the reference reader uses it. */
export interface ReferenceKey {
  readonly secret: Uint8Array;
  readonly id: string;
}

const rejected = (why: string): RequiredResult => ({ opens: false, why });

/**
 * Returns what docs/PROTOCOL.md, sections 2, 3, 4 and 6, requires for a frame that is read with `key` at `now`. Shares no
 * code with src/. Does not check replay: the caller compares tags.
 */
export function requiredResult(bytes: Uint8Array, key: ReferenceKey, now: number): RequiredResult {
  if (bytes.length > 1_048_576) return rejected("M-1");
  const tree = readTree(bytes);
  if (tree === undefined) return rejected("M-2");
  const result = bytes[0] === 0x97 ? readWire2(bytes, tree, key) : readWire1(bytes, tree, key);
  if (!result.opens) return result;
  const age = now - result.timestamp;
  return age >= -60 && age <= 360 ? result : rejected("O-2");
}

function readWire1(bytes: Uint8Array, tree: Node, { secret }: ReferenceKey): RequiredResult {
  if (bytes[0]! < 0x82 || bytes[0]! > 0x84) return rejected("W1-5");
  if (!isWithinBounds(tree)) return rejected("M-2");
  const entries = new Map<unknown, { readonly key: Node; readonly value: Node }>();
  for (let at = 0; at < tree.children.length; at += 2) {
    entries.set(tree.children[at]!.value, {
      key: tree.children[at]!,
      value: tree.children[at + 1]!,
    });
  }
  const known = ["type", "payload", "timestamp", "signature"];
  if (![...entries.keys()].every((name) => known.includes(name as string))) return rejected("W1-5");
  const [type, payload, timestamp, signature] = known.map((name) => entries.get(name));
  if (type?.value.kind !== "text" || !isTypeLength(type.value.value)) return rejected("W1-5");
  if (payload?.value.kind !== "map") return rejected("W1-5");
  if (timestamp === undefined || signature === undefined) return rejected("W1-6");
  const isTime = timestamp.value.kind === "integer" || timestamp.value.head === 0xcb;
  if (!isTime || signature.value.kind !== "text") return rejected("W1-5");
  const covered = Buffer.concat([
    Buffer.of(0x83),
    ...[type, payload, timestamp].map(({ key, value }) => bytes.subarray(key.start, value.end)),
  ]);
  const tag = createHmac("sha256", secret).update(covered).digest();
  if (signature.value.value !== tag.toString("hex")) return rejected("W1-8");
  return { opens: true, tag, timestamp: Number(timestamp.value.value) };
}

const WIRE_2_KINDS = ["integer", "text", "bytes", "float", "text", "bytes", "bytes"];

function readWire2(bytes: Uint8Array, tree: Node, key: ReferenceKey): RequiredResult {
  const fields = tree.children;
  if (!fields.every(({ kind }, at) => kind === WIRE_2_KINDS[at])) return rejected("W2-2");
  const [version, keyId, id, timestamp, type, payload, mac] = fields as [
    Node,
    Node,
    Node,
    Node,
    Node,
    Node,
    Node,
  ];
  if (version.head !== 2 || timestamp.head !== 0xcb || !fields.every(isShortest))
    return rejected("W2-2");
  if (typeof keyId.value !== "string" || Buffer.byteLength(keyId.value) > 64)
    return rejected("W2-2");
  if (!isTypeLength(type.value) || !Number.isFinite(timestamp.value)) return rejected("W2-2");
  if (lengthOf(id) !== 16 || lengthOf(mac) !== 32) return rejected("W2-2");
  if (keyId.value !== key.id) return rejected("W2-6");
  const tag = createHmac("sha256", key.secret).update(bytes.subarray(0, mac.start)).digest();
  if (!tag.equals(mac.value as Uint8Array)) return rejected("W2-1");
  const inside = readTree(payload.value as Uint8Array);
  const isSound = inside?.kind === "map" && isWithinBounds(inside, { nesting: 1, elements: 4 });
  if (!isSound) return rejected("W2-5");
  return { opens: true, tag, timestamp: timestamp.value as number };
}

function isTypeLength(type: unknown): boolean {
  if (typeof type !== "string") return false;
  const length = Buffer.byteLength(type);
  return length >= 1 && length <= 64;
}

function lengthOf({ value }: Node): number {
  return (value as Uint8Array).length;
}

/** Returns whether a text or byte string has the shortest head for its length. */
function isShortest({ head, start, end }: Node): boolean {
  const size = end - start;
  if (head === 0xd9) return size - 2 > 31;
  if (head === 0xda || head === 0xc5) return size - 3 > 255;
  if (head === 0xdb || head === 0xc6) return size - 5 > 65_535;
  return true;
}
