import { concat, encodeHex, encodeUtf8 } from "../bytes.js";
import { SigningKey } from "../envelope/signing-key.js";
import { written } from "../wire/encode.js";

// Frames made by hand, each field as its MessagePack: so that a frame can be signed and be one that nobody may accept.

/** The MessagePack of a text, in its shortest form. */
export function rawText(text: string): Uint8Array {
  return written((writer) => writer.text(text));
}

/** The MessagePack of a float64. */
export function rawFloat64(value: number): Uint8Array {
  return written((writer) => writer.float64(value));
}

/** The MessagePack of bytes. */
export function rawBin(bytes: Uint8Array): Uint8Array {
  return written((writer) => writer.bin(bytes));
}

/** The MessagePack of a map, from that of its keys and values, which are not looked at. */
export function rawMap(...entries: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  const { length } = entries;
  const head = length <= 15 ? [0x80 | length] : [0xde, length >> 8, length & 0xff];
  return concat(Uint8Array.from(head), ...entries.flat());
}

/** The fields of a frame, each as its MessagePack. */
export interface RawFields {
  readonly type: Uint8Array;
  /** On wire 1 the payload itself; on wire 2 too, which stands there in a byte string. */
  readonly payload: Uint8Array;
  readonly timestamp: Uint8Array;
}

const WIRE_1_FIELDS = ["type", "payload", "timestamp", "signature"] as const;

/** A wire 1 frame with the right signature, its entries in any order. */
export function rawWire1(
  key: SigningKey,
  { type, payload, timestamp }: RawFields,
  order: readonly (typeof WIRE_1_FIELDS)[number][] = WIRE_1_FIELDS,
): Uint8Array {
  const named = { type, payload, timestamp };
  const covered = rawMap(
    ...(["type", "payload", "timestamp"] as const).map(
      (name) => [rawText(name), named[name]] as const,
    ),
  );
  const signature = rawText(encodeHex(SigningKey.macOf(key)(covered)));
  const fields = { ...named, signature };
  return rawMap(...order.map((name) => [rawText(name), fields[name]] as const));
}

/** What a wire 2 frame has besides. */
export interface RawWire2Fields extends RawFields {
  readonly version?: Uint8Array;
  readonly keyId?: Uint8Array;
  readonly id?: Uint8Array;
  /** The byte string around the payload, in place of the shortest. */
  readonly payloadInBin?: Uint8Array;
}

const ARRAY_OF_7 = 0x97;
const RAW_ID = /* @__PURE__ */ encodeUtf8("raw frame's id 1");

/** A wire 2 frame with the right mac. */
export function rawWire2(key: SigningKey, fields: RawWire2Fields): Uint8Array {
  const covered = concat(
    Uint8Array.of(ARRAY_OF_7),
    fields.version ?? Uint8Array.of(2),
    fields.keyId ?? rawText(key.id),
    fields.id ?? rawBin(RAW_ID),
    fields.timestamp,
    fields.type,
    fields.payloadInBin ?? rawBin(fields.payload),
  );
  return concat(covered, rawBin(SigningKey.macOf(key)(covered)));
}
