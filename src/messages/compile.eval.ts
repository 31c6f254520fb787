// For platforms that allow code generation from text. Compiled checks are several times faster, and collect no issues for
// rejected input. Imports zod's core, because a namespace import of "zod/mini" would add all of zod to a bundle; and as a
// namespace, because zod has no compiler below 4.5, and an import by name would not link.
import * as core from "zod/v4/core";
import { type Check, compile as interpreted } from "./compile.none.js";

/** Returns a check of one schema: compiled if zod can compile the schema, interpreted otherwise. */
export function compile<Schema extends core.$ZodType>(schema: Schema): Check<Schema> {
  try {
    const compiled = core.compileFn(schema);
    return (input) => {
      const value = compiled(input);
      return value === core.INVALID ? undefined : value;
    };
  } catch {
    return interpreted(schema);
  }
}
