/// <reference types="vite/types/importMeta.d.ts" />
import { describeIf } from "./optional.js";

// Imported instead of read from the disk, because these tests run in browsers too. vitest.config.ts defines `#vectors`.
const files = import.meta.glob("#vectors/**/*.json", { import: "default" });

/** `describe` for suites that read the public vectors. */
export const describeWithVectors = describeIf(
  Object.keys(files).length > 0,
  "the public vectors in the folder that LACRE_VECTORS names",
);

/** Returns the parsed JSON of one file of vectors. Undefined without vectors: the suite is then skipped. */
export async function readVectors<Content>(path: string): Promise<Content> {
  const load = Object.entries(files).find(([name]) => name.endsWith(`/${path}`))?.[1];
  return (await load?.()) as Content;
}
