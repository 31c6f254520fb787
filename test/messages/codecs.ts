import * as z from "zod";

export const isoDate = () =>
  z.codec(z.iso.datetime(), z.date(), {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  });
export const entries = <Value extends z.ZodType>(value: Value) =>
  z.codec(z.array(z.tuple([z.string(), value])), z.map(z.string(), value), {
    decode: (pairs) => new Map(pairs as never) as never,
    encode: (map) => [...map] as never,
  });
