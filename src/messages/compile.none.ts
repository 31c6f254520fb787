// For browsers and workers: pages may forbid code generation from text, workers lack it, and zod's compiler would be most
// of a bundle.
import * as z from "zod/mini";

/** Returns the value that a schema parses from an input, or `z.INVALID` if it rejects the input. */
export type Check<Schema extends z.core.$ZodType> = (
  input: unknown,
) => z.output<Schema> | typeof z.INVALID;

/** Returns a check of one schema, which stops at the first issue if the version of zod supports that. */
export function compile<Schema extends z.core.$ZodType>(schema: Schema): Check<Schema> {
  return (input) => {
    const result = z.safeParse(schema, input, STOPPING_EARLY);
    return result.success ? result.data : z.INVALID;
  };
}

/** A zod option whose types allow it for `z.validate` only. Older versions of zod ignore it. */
export const STOPPING_EARLY: z.core.ParseContext<z.core.$ZodIssue> & { abortEarly: boolean } = {
  abortEarly: true,
};
