import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder =
  process.env.LACRE_VECTORS ?? fileURLToPath(new URL("../../../shared/vectors", import.meta.url));

/** Whether the folder with the public vectors is there; a suite without them says so and is skipped. */
export const hasVectors = existsSync(folder);

/** The parsed JSON of one file of vectors. */
export function readVectors<Content>(path: string): Content {
  return JSON.parse(readFileSync(join(folder, path), "utf8")) as Content;
}

/** `describe` for suites that need the vectors: skipped aloud where they are missing, failing where all is required. */
export function vectorsMissing(): boolean {
  if (hasVectors) return false;
  const message = `no vectors in ${folder}: set LACRE_VECTORS to their folder`;
  if (process.env.LACRE_REQUIRE_ALL) throw new Error(message);
  console.warn(`skipped: ${message}`);
  return true;
}
