// Pages may forbid code made from text, workers cannot make it, and the compiler would be most of a bundle.
import * as z from "zod/mini";

export type SafeParse<Schema extends z.core.$ZodType> = (
  input: unknown,
  context: z.core.ParseContext<z.core.$ZodIssue>,
) => z.core.util.SafeParseResult<z.output<Schema>>;

/** zod's `safeParse` of one schema. */
export function compile<Schema extends z.core.$ZodType>(schema: Schema): SafeParse<Schema> {
  return (input, context) => z.safeParse(schema, input, context);
}
