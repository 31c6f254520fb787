import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Maximum number of lines of a TypeScript file. */
const MAX_LINES = 400;
/** Minimum number of lines of a README. */
const MIN_README_LINES = 10;

function typeScriptIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (["node_modules", "dist", "build"].includes(entry.name)) return [];
    if (entry.isDirectory()) return typeScriptIn(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function linesOf(path: string): number {
  return readFileSync(join(root, path), "utf8").replace(/\n$/, "").split("\n").length;
}

it(`each TypeScript file has at most ${MAX_LINES} lines`, () => {
  const files = ["src", "examples", "test", "bench"].flatMap(typeScriptIn);
  expect(files.length).toBeGreaterThan(500);
  expect(files.filter((path) => linesOf(path) > MAX_LINES)).toEqual([]);
});

it(`each folder of examples/ has a README of at least ${MIN_README_LINES} lines`, () => {
  const folders = readdirSync(join(root, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .map(({ name }) => `examples/${name}/README.md`);
  expect(folders.length).toBeGreaterThan(4);
  const missing = folders.filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
  expect(folders.filter((path) => linesOf(path) < MIN_README_LINES)).toEqual([]);
});
