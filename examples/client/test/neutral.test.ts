import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** Returns the modules that a module imports, directly or through modules of the examples. */
function importsOf(url: URL, seen = new Set<string>()): Set<string> {
  const statements = readFileSync(fileURLToPath(url), "utf8").matchAll(/\bfrom "([^"]+)";/g);
  for (const [, specifier] of statements) {
    const target = specifier!.startsWith(".")
      ? new URL(specifier!.replace(/\.js$/, ".ts"), url).href
      : specifier!;
    if (seen.has(target)) continue;
    seen.add(target);
    if (target.startsWith("file:")) importsOf(new URL(target), seen);
    if (target === "lacre-api") importsOf(API, seen);
  }
  return seen;
}

const API = new URL("../../api/src/index.ts", import.meta.url);
const FACE = new URL("../src/index.ts", import.meta.url);

it("imports no module of Node in the code for browsers", () => {
  const packages = [...importsOf(FACE)].filter((target) => !target.startsWith("file:"));
  expect(packages.sort()).toEqual([
    ...[
      "lacre",
      "lacre-api",
      "lacre/client",
      "lacre/client/mls",
      "lacre/e2e",
      "lacre/session",
      "zod/mini",
    ],
  ]);
});
