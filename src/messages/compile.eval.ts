// Where code may be made from text: a compiled schema parses several times as fast. It never gives another answer, as
// what it does not accept zod itself parses again.
import * as z from "zod/mini";
import type { SafeParse } from "./compile.none.js";

/** zod's `safeParse` of one schema, compiled. */
export function compile<Schema extends z.core.$ZodType>(schema: Schema): SafeParse<Schema> {
  const compiled = z.compile(schema);
  // The compiled schema's own method goes straight to the compiled code; zod's function makes a context for it first.
  const { safeParse } = compiled as { safeParse?: SafeParse<Schema> };
  return safeParse ?? ((input, context) => z.safeParse(compiled, input, context));
}
