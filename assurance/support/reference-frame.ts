import { createHmac } from "node:crypto";
import { isWithinBounds, type Node, readTree } from "./reference-messagepack.js";

/** What the specification has a receiver do with a frame. */
export type Verdict =
  | { readonly opens: false; readonly why: string }
  | { readonly opens: true; readonly tag: Uint8Array; readonly timestamp: number };

/** A key as the judge knows it. */
export interface ReferenceKey {
  readonly secret: Uint8Array;
  readonly id: string;
}

const refused = (why: string): Verdict => ({ opens: false, why });

/**
 * Whether docs/PROTOCOL.md lets a frame in under `key` at `now`: its sections 2, 3, 4 and 6, read again and written down
 * without looking at src/. Replay is for the caller to ask, by the tag.
 */
export function judge(bytes: Uint8Array, key: ReferenceKey, now: number): Verdict {
  if (bytes.length > 1_048_576) return refused("M-1");
  const tree = readTree(bytes);
  if (tree === undefined) return refused("M-2");
  const verdict = bytes[0] === 0x97 ? judgeWire2(bytes, tree, key) : judgeWire1(bytes, tree, key);
  if (!verdict.opens) return verdict;
  const age = now - verdict.timestamp;
  return age >= -60 && age <= 360 ? verdict : refused("O-2");
}

function judgeWire1(bytes: Uint8Array, tree: Node, { secret }: ReferenceKey): Verdict {
  if (bytes[0]! < 0x82 || bytes[0]! > 0x84) return refused("W1-5");
  if (!isWithinBounds(tree)) return refused("M-2");
  const entries = new Map<unknown, { readonly key: Node; readonly value: Node }>();
  for (let at = 0; at < tree.children.length; at += 2) {
    entries.set(tree.children[at]!.value, {
      key: tree.children[at]!,
      value: tree.children[at + 1]!,
    });
  }
  const known = ["type", "payload", "timestamp", "signature"];
  if (![...entries.keys()].every((name) => known.includes(name as string))) return refused("W1-5");
  const [type, payload, timestamp, signature] = known.map((name) => entries.get(name));
  if (type?.value.kind !== "text" || !isTypeLength(type.value.value)) return refused("W1-5");
  if (payload?.value.kind !== "map") return refused("W1-5");
  if (timestamp === undefined || signature === undefined) return refused("W1-6");
  const isTime = timestamp.value.kind === "integer" || timestamp.value.head === 0xcb;
  if (!isTime || signature.value.kind !== "text") return refused("W1-5");
  const covered = Buffer.concat([
    Buffer.of(0x83),
    ...[type, payload, timestamp].map(({ key, value }) => bytes.subarray(key.start, value.end)),
  ]);
  const tag = createHmac("sha256", secret).update(covered).digest();
  if (signature.value.value !== tag.toString("hex")) return refused("W1-8");
  return { opens: true, tag, timestamp: Number(timestamp.value.value) };
}

const WIRE_2_KINDS = ["integer", "text", "bytes", "float", "text", "bytes", "bytes"];

function judgeWire2(bytes: Uint8Array, tree: Node, key: ReferenceKey): Verdict {
  const fields = tree.children;
  if (!fields.every(({ kind }, at) => kind === WIRE_2_KINDS[at])) return refused("W2-2");
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
    return refused("W2-2");
  if (typeof keyId.value !== "string" || Buffer.byteLength(keyId.value) > 64)
    return refused("W2-2");
  if (!isTypeLength(type.value) || !Number.isFinite(timestamp.value)) return refused("W2-2");
  if (lengthOf(id) !== 16 || lengthOf(mac) !== 32) return refused("W2-2");
  if (keyId.value !== key.id) return refused("W2-6");
  const tag = createHmac("sha256", key.secret).update(bytes.subarray(0, mac.start)).digest();
  if (!tag.equals(mac.value as Uint8Array)) return refused("W2-1");
  const inside = readTree(payload.value as Uint8Array);
  const isSound = inside?.kind === "map" && isWithinBounds(inside, { nesting: 1, elements: 4 });
  if (!isSound) return refused("W2-5");
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

/** Whether a text or byte string has the shortest head for its length. */
function isShortest({ head, start, end }: Node): boolean {
  const size = end - start;
  if (head === 0xd9) return size - 2 > 31;
  if (head === 0xda || head === 0xc5) return size - 3 > 255;
  if (head === 0xdb || head === 0xc6) return size - 5 > 65_535;
  return true;
}
