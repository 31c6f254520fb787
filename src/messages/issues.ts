import type * as z from "zod/mini";
import type { ValidationIssue } from "../errors.js";
import { inEnglish } from "./in-english.js";

/** Maximum number of elements of an input whose issues are all collected: more than a form has. */
const MAX_ELEMENTS_FOR_ALL = 256;
/**
 * Maximum number of elements of an input whose first issue is collected. zod can allocate a kilobyte of issues for each byte
 * of a frame.
 */
const MAX_ELEMENTS_FOR_FIRST = 12_288;

/** Returns the issues of an input that a schema rejects when it parses or encodes it, with bounded time and memory. */
export function issuesOf(
  schema: z.core.$ZodType,
  input: unknown,
  convert: typeof z.safeParse,
): readonly ValidationIssue[] {
  const room = roomLeft(input, MAX_ELEMENTS_FOR_FIRST);
  const isSmall = room >= MAX_ELEMENTS_FOR_FIRST - MAX_ELEMENTS_FOR_ALL;
  const context = { error: inEnglish, abortEarly: !isSmall };
  const { error } = room < 0 ? {} : convert(schema, input, context);
  return error?.issues ?? [{ path: [], message: "does not match its schema" }];
}

/** Returns `room` minus the number of elements of an input, at any depth. Stops counting below zero. */
function roomLeft(input: unknown, room: number): number {
  if (typeof input !== "object" || input === null || ArrayBuffer.isView(input)) return room;
  let left = room;
  for (const key in input) {
    left = roomLeft((input as Readonly<Record<string, unknown>>)[key], left - 1);
    if (left < 0) break;
  }
  return left;
}
