import { isUint8Array } from "../../src/bytes.js";
import { detach, type ResizableBuffer, resizableBuffer } from "../support/byte-arrays.js";

/** A kind of memory for the bytes of a caller, and how the caller changes it after the call. */
export interface Kind {
  readonly name: string;
  allocate(length: number): Uint8Array;
  change(bytes: Uint8Array): void;
}

const overwrite = (bytes: Uint8Array) => void bytes.fill(0xaa);

export const kinds: readonly Kind[] = [
  {
    name: "wiped",
    allocate: (length) => new Uint8Array(length),
    change: (bytes) => void bytes.fill(0),
  },
  { name: "transferred", allocate: (length) => new Uint8Array(length), change: detach },
  {
    name: "overwritten in a pool",
    allocate: (length) => new Uint8Array(length + 32).subarray(16, 16 + length),
    change: ({ buffer }) => overwrite(new Uint8Array(buffer)),
  },
  {
    name: "shortened",
    allocate: (length) => new Uint8Array(resizableBuffer(length)),
    change: ({ buffer }) => (buffer as unknown as ResizableBuffer).resize(0),
  },
  ...(typeof SharedArrayBuffer === "undefined"
    ? []
    : [
        {
          name: "overwritten by another thread",
          allocate: (length: number) => new Uint8Array(new SharedArrayBuffer(length)),
          change: overwrite,
        },
      ]),
];

/** Changes all bytes in plain objects and arrays, then the objects and arrays themselves unless they are frozen. */
export function tamper(value: unknown, change: Kind["change"] = overwrite): void {
  if (isUint8Array(value)) return change(value);
  if (typeof value !== "object" || value === null) return;
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain) return;
  for (const part of Object.values(value)) tamper(part, change);
  if (Object.isFrozen(value)) return;
  if (Array.isArray(value)) value.length = 0;
  else for (const key of Object.keys(value)) Reflect.set(value, key, undefined);
}
