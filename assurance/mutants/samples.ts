import { SigningKey } from "../../src/index.js";
import { everyMessage, NOW, wires } from "../../test/support/examples.js";
import { counting } from "../../test/support/hex.js";
import type { ReferenceKey } from "../support/reference-frame.js";
import { readTree } from "../support/reference-messagepack.js";

/** A key, as the library and as the judge have it. */
export interface SampleKey {
  readonly key: SigningKey;
  readonly reference: ReferenceKey;
}

/** A sound frame, cut where its parts end. */
export interface Sample {
  readonly name: string;
  readonly wire: 1 | 2;
  readonly bytes: Uint8Array;
  readonly signedWith: SampleKey;
  /** On wire 1 the four entries, each a key and a value; on wire 2 the seven fields. */
  readonly parts: readonly Part[];
}

/** MessagePack of what stands at one place of a frame. */
export interface Part {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export function sampleKey(secret: Uint8Array, id = ""): SampleKey {
  return { key: SigningKey.from(secret, { id }), reference: { secret, id } };
}

const KEYS = [sampleKey(counting(32)), sampleKey(counting(40), "k1")];

/** A frame of each kind of message, on each wire, with and without a key id. */
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

/** The bytes of parts behind the head of a frame that has so many. */
export function joined(wire: 1 | 2, parts: readonly Part[]): Uint8Array {
  const head = (wire === 1 ? 0x80 : 0x90) | parts.length;
  return Buffer.concat([Buffer.of(head), ...parts.flatMap(({ key, value }) => [key, value])]);
}

/** Where the parts stand that both wires have. */
export const PLACES = {
  1: { type: 0, payload: 1, timestamp: 2, tag: 3 },
  2: { type: 4, payload: 5, timestamp: 3, tag: 6 },
} as const;
