/// <reference types="vite/types/importMeta.d.ts" />
import { describeIf } from "./optional.js";

// Not read from the disk: these tests run in browsers too. vitest.config.ts says where `#vectors` is.
const files = import.meta.glob("#vectors/**/*.json", { import: "default" });

/** `describe` for suites that read the public vectors. */
export const describeWithVectors = describeIf(
  Object.keys(files).length > 0,
  "the public vectors in the folder that LACRE_VECTORS names",
);

/** The parsed JSON of one file of vectors; undefined where there are none, and the suite is skipped. */
export async function readVectors<Content>(path: string): Promise<Content> {
  const load = Object.entries(files).find(([name]) => name.endsWith(`/${path}`))?.[1];
  return (await load?.()) as Content;
}
