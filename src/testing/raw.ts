import { concat, encodeHex, encodeUtf8 } from "../bytes.js";
import { macOf, type SigningKey } from "../envelope/signing-key.js";
import { written } from "../wire/encode.js";

// Builds frames from the MessagePack of each field, so that tests can sign frames that every reader must reject.

/** Encodes a text as MessagePack in its shortest form. */
export function rawText(text: string): Uint8Array {
  return written((writer) => writer.text(text));
}

/** Encodes a number as a MessagePack float64. */
export function rawFloat64(value: number): Uint8Array {
  return written((writer) => writer.float64(value));
}

/** Encodes bytes as MessagePack bin in its shortest form. */
export function rawBin(bytes: Uint8Array): Uint8Array {
  return written((writer) => writer.bin(bytes));
}

/** Encodes a map from the MessagePack of its keys and values, which it does not check. */
export function rawMap(...entries: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  const { length } = entries;
  const head = length <= 15 ? [0x80 | length] : [0xde, length >> 8, length & 0xff];
  return concat(Uint8Array.from(head), ...entries.flat());
}

/** The fields of a frame, each as MessagePack. */
export interface RawFields {
  readonly type: Uint8Array;
  /** The payload's map. `rawWire2` adds the byte string around it. */
  readonly payload: Uint8Array;
  readonly timestamp: Uint8Array;
}

const WIRE_1_FIELDS = ["type", "payload", "timestamp", "signature"] as const;

/** Returns a wire 1 frame with a valid signature and its entries in the given order. */
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
  const signature = rawText(encodeHex(macOf(key)(covered)));
  const fields = { ...named, signature };
  return rawMap(...order.map((name) => [rawText(name), fields[name]] as const));
}

/** The fields of a wire 2 frame. */
export interface RawWire2Fields extends RawFields {
  readonly version?: Uint8Array;
  readonly keyId?: Uint8Array;
  readonly id?: Uint8Array;
  /** Byte string that contains the payload. Default: the payload in the shortest form. */
  readonly payloadInBin?: Uint8Array;
}

const ARRAY_OF_7 = 0x97;
const RAW_ID = /* @__PURE__ */ encodeUtf8("raw frame's id 1");

/** Returns a wire 2 frame with a valid MAC. */
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
  return concat(covered, rawBin(macOf(key)(covered)));
}
