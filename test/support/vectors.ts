import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeIf } from "./optional.js";

const folder =
  process.env.LACRE_VECTORS ?? fileURLToPath(new URL("../../../shared/vectors", import.meta.url));

/** `describe` for suites that read the public vectors. */
export const describeWithVectors = describeIf(
  existsSync(folder),
  `the public vectors in ${folder}, or in the folder that LACRE_VECTORS names`,
);

/** The parsed JSON of one file of vectors. */
export function readVectors<Content>(path: string): Content {
  return JSON.parse(readFileSync(join(folder, path), "utf8")) as Content;
}
