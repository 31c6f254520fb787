import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../bytes.js";

const NEWLINE = 10;

/** Encodes changes: a line of JSON with the keys and the lengths of the values, then the values. */
export function encodeJournal(changes: ReadonlyMap<string, Bytes | undefined>): Bytes {
  const index = [...changes].map(([key, value]) => [key, value?.length ?? null]);
  const values = [...changes.values()].filter((value) => value !== undefined);
  return concat(encodeUtf8(`${JSON.stringify(index)}\n`), ...values);
}

/** Decodes the changes that `encodeJournal` encoded. */
export function decodeJournal(bytes: Bytes): Map<string, Bytes | undefined> {
  let at = bytes.indexOf(NEWLINE) + 1;
  const index: [string, number | null][] = JSON.parse(decodeUtf8(bytes, 0, at));
  return new Map(
    index.map(([key, length]) => {
      if (length === null) return [key, undefined];
      at += length;
      return [key, bytes.slice(at - length, at)];
    }),
  );
}
