/**
 * A MessagePack value, as the reference reader returns it. This reader implements the specification without optimization
 * and shares no code with `scan` and `decode`. It builds the whole tree before it checks limits, so it is not for
 * untrusted bytes.
 */
export interface Node {
  readonly kind:
    | "nil"
    | "boolean"
    | "integer"
    | "float"
    | "text"
    | "bytes"
    | "array"
    | "map"
    | "extension";
  readonly start: number;
  readonly end: number;
  /** The first byte. */
  readonly head: number;
  /** A bigint for an integer; undefined for text that is not UTF-8. */
  readonly value: unknown;
  /** The items of an array; the keys and values of a map in turn. */
  readonly children: readonly Node[];
}

/** Thrown for bytes that are not MessagePack. */
class MessagePackError extends Error {}

/** Returns the value that `bytes` contain, or undefined if they are not exactly one MessagePack value. */
export function readTree(bytes: Uint8Array): Node | undefined {
  try {
    const node = new Reader(bytes).node(0, 0);
    return node.end === bytes.length ? node : undefined;
  } catch (error) {
    if (error instanceof MessagePackError) return undefined;
    throw error;
  }
}

/** Maximum nesting: above each limit of the protocol, and below what overflows the stack of this reader. */
const MAX_DEPTH = 400;

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  node(start: number, depth: number): Node {
    if (depth > MAX_DEPTH) throw new MessagePackError();
    this.#need(start, 1);
    const head = this.#bytes[start]!;
    if (head <= 0x7f) return this.#leaf("integer", start, 1, BigInt(head));
    if (head <= 0x8f) return this.#container("map", start, depth, 0, head - 0x80);
    if (head <= 0x9f) return this.#container("array", start, depth, 0, head - 0x90);
    if (head <= 0xbf) return this.#sized("text", start, 0, head - 0xa0);
    if (head >= 0xe0) return this.#leaf("integer", start, 1, BigInt(head - 0x100));
    if (head === 0xc0) return this.#leaf("nil", start, 1, null);
    if (head === 0xc1) throw new MessagePackError();
    if (head <= 0xc3) return this.#leaf("boolean", start, 1, head === 0xc3);
    if (head <= 0xc6) return this.#sized("bytes", start, 2 ** (head - 0xc4));
    if (head <= 0xc9) return this.#extension(start, 2 ** (head - 0xc7));
    if (head === 0xca) {
      this.#need(start, 5);
      return this.#leaf("float", start, 5, this.#view.getFloat32(start + 1));
    }
    if (head === 0xcb) {
      this.#need(start, 9);
      return this.#leaf("float", start, 9, this.#view.getFloat64(start + 1));
    }
    if (head <= 0xd3) {
      const size = 2 ** ((head - 0xcc) % 4);
      const unsigned = this.#unsigned(start + 1, size);
      const value = head <= 0xcf ? unsigned : BigInt.asIntN(8 * size, unsigned);
      return this.#leaf("integer", start, 1 + size, value);
    }
    if (head <= 0xd8) return this.#extension(start, 0, 2 ** (head - 0xd4));
    if (head <= 0xdb) return this.#sized("text", start, 2 ** (head - 0xd9));
    if (head <= 0xdd) return this.#container("array", start, depth, 2 * (head - 0xdb));
    return this.#container("map", start, depth, 2 * (head - 0xdd));
  }

  #need(at: number, size: number): void {
    if (at + size > this.#bytes.length) throw new MessagePackError();
  }

  #unsigned(at: number, size: number): bigint {
    this.#need(at, size);
    let value = 0n;
    for (let byte = at; byte < at + size; byte++)
      value = (value << 8n) | BigInt(this.#bytes[byte]!);
    return value;
  }

  #leaf(kind: Node["kind"], start: number, size: number, value: unknown): Node {
    this.#need(start, size);
    return { kind, start, end: start + size, head: this.#bytes[start]!, value, children: [] };
  }

  #sized(kind: "text" | "bytes", start: number, lengthBytes: number, fixed?: number): Node {
    const length = fixed ?? Number(this.#unsigned(start + 1, lengthBytes));
    const from = start + 1 + lengthBytes;
    this.#need(from, length);
    const content = this.#bytes.subarray(from, from + length);
    const value = kind === "bytes" ? content : textOf(content);
    return this.#leaf(kind, start, 1 + lengthBytes + length, value);
  }

  #extension(start: number, lengthBytes: number, fixed?: number): Node {
    const length = fixed ?? Number(this.#unsigned(start + 1, lengthBytes));
    return this.#leaf("extension", start, 1 + lengthBytes + 1 + length, undefined);
  }

  #container(
    kind: "array" | "map",
    start: number,
    depth: number,
    lengthBytes: number,
    fixed?: number,
  ): Node {
    const count = fixed ?? Number(this.#unsigned(start + 1, lengthBytes));
    const children: Node[] = [];
    let end = start + 1 + lengthBytes;
    for (let left = kind === "map" ? 2 * count : count; left > 0; left--) {
      const child = this.node(end, depth + 1);
      children.push(child);
      end = child.end;
    }
    return { kind, start, end, head: this.#bytes[start]!, value: undefined, children };
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function* every(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children) yield* every(child);
}

function depthOf({ kind, children }: Node): number {
  const isContainer = kind === "array" || kind === "map";
  const inside = children.reduce((deepest, child) => Math.max(deepest, depthOf(child)), 0);
  return (isContainer ? 1 : 0) + inside;
}

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Returns whether a tree is within the limits of docs/PROTOCOL.md, M-2. `around` is what the frame around it counts. */
export function isWithinBounds(
  root: Node,
  around: { readonly nesting: number; readonly elements: number } = { nesting: 0, elements: 0 },
): boolean {
  if (around.nesting + depthOf(root) > 16) return false;
  let elements = around.elements;
  for (const node of every(root)) {
    const { kind, value, children } = node;
    if (kind === "extension") return false;
    if (kind === "text" && value === undefined) return false;
    if (kind === "integer" && ((value as bigint) > SAFE || (value as bigint) < -SAFE)) return false;
    if (kind === "array") elements += children.length;
    if (kind !== "map") continue;
    elements += children.length / 2;
    const keys = children.filter((_, at) => at % 2 === 0);
    if (keys.some((key) => key.kind !== "text")) return false;
    const names = keys.map((key) => key.value);
    if (new Set(names).size !== names.length) return false;
    for (const [at, name] of names.entries()) {
      if (name === "__proto__" || name === "constructor" || name === "prototype") return false;
      const { kind, value } = children[2 * at + 1]!;
      if (name === "timestamp" && kind === "float" && !Number.isFinite(value)) return false;
    }
  }
  return elements <= 65_536;
}

/** Converts a tree to the value that `decode` returns. */
export function meaningOf({ kind, value, children }: Node): unknown {
  if (kind === "integer") return Number(value);
  if (kind === "array") return children.map(meaningOf);
  if (kind !== "map") return value;
  return Object.fromEntries(
    Array.from({ length: children.length / 2 }, (_, entry) => [
      children[2 * entry]!.value as string,
      meaningOf(children[2 * entry + 1]!),
    ]),
  );
}
