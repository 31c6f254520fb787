import { SigningKey } from "../../../src/index.js";
import { everyMessage, NOW, wires } from "../../support/examples.js";
import { counting } from "../../support/hex.js";
import type { ReferenceKey } from "../support/reference-frame.js";
import { readTree } from "../support/reference-messagepack.js";

/** A key, as the library and as the reference reader use it. */
export interface SampleKey {
  readonly key: SigningKey;
  readonly reference: ReferenceKey;
}

/** A valid frame and its parts. */
export interface Sample {
  readonly name: string;
  readonly wire: 1 | 2;
  readonly bytes: Uint8Array;
  readonly signedWith: SampleKey;
  /** On wire 1 the four entries, each with key and value; on wire 2 the seven fields, with empty keys. */
  readonly parts: readonly Part[];
}

/** MessagePack of one entry or field of a frame. */
export interface Part {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export function sampleKey(secret: Uint8Array, id = ""): SampleKey {
  return { key: SigningKey.from(secret, { id }), reference: { secret, id } };
}

const KEYS = [sampleKey(counting(32)), sampleKey(counting(40), "k1")];

/** A frame of each message type, on each wire, with and without a key id. */
export const samples: readonly Sample[] = Object.entries(everyMessage).flatMap(
  ([type, { envelop }]) =>
    wires.flatMap((wire) =>
      KEYS.map((signedWith) => {
        const { key } = signedWith;
        const bytes = envelop(key, { wire, timestamp: NOW }).toBytes();
        const name = `${type} on wire ${wire}${key.id && `, key ${key.id}`}`;
        return { name, wire, bytes, signedWith, parts: partsOf(bytes, wire) };
      }),
    ),
);

function partsOf(bytes: Uint8Array, wire: 1 | 2): Part[] {
  const pieces = readTree(bytes)!.children.map(({ start, end }) => bytes.slice(start, end));
  if (wire === 2) return pieces.map((value) => ({ key: new Uint8Array(), value }));
  return [0, 2, 4, 6].map((at) => ({ key: pieces[at]!, value: pieces[at + 1]! }));
}

/** Encodes a frame of any number of parts. */
export function joined(wire: 1 | 2, parts: readonly Part[]): Uint8Array {
  const head = (wire === 1 ? 0x80 : 0x90) | parts.length;
  return Buffer.concat([Buffer.of(head), ...parts.flatMap(({ key, value }) => [key, value])]);
}

/** Index of each part that both wires have. */
export const PART_INDEX = {
  1: { type: 0, payload: 1, timestamp: 2, tag: 3 },
  2: { type: 4, payload: 5, timestamp: 3, tag: 6 },
} as const;
