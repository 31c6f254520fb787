// For browsers and workers: pages may forbid code generation from text, workers lack it, and zod's compiler would be most
// of a bundle.
import * as z from "zod/mini";

/** Returns the value that a schema parses from an input, or undefined if it rejects the input. */
export type Check<Schema extends z.core.$ZodType> = (
  input: unknown,
) => z.output<Schema> | undefined;

/** Returns a check of one schema, which stops at the first issue if the version of zod supports that. */
export function compile<Schema extends z.core.$ZodType>(schema: Schema): Check<Schema> {
  return (input) => z.safeParse(schema, input, STOPPING_EARLY).data;
}

/** A zod option whose types allow it for `z.validate` only. Older versions of zod ignore it. */
export const STOPPING_EARLY: z.core.ParseContext<z.core.$ZodIssue> & { abortEarly: boolean } = {
  abortEarly: true,
};
