/** Capability of an end that supports several messages of a chat in flight (S-5a). */
export const PIPELINE = "pipeline";

/** Returns capabilities with `pipeline`, which sessions and connections always announce. */
export function withPipeline(capabilities: readonly string[]): string[] {
  return [...new Set([...capabilities, PIPELINE])];
}
