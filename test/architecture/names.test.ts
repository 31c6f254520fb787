import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SKIPPED = ["node_modules", "dist", "build", "corpus", "__pycache__"];

/** Words that have a usual term, and that term. Names of files and folders use the term. */
const TERMS: Readonly<Record<string, string>> = {
  absence: "timeout",
  actor: "client, participant",
  announcement: "pub/sub message",
  anew: "again",
  cast: "participants",
  door: "authentication, access check",
  first_version: "legacy",
  forget: "remove",
  greet: "handshake",
  greeting: "handshake",
  hear: "event",
  heard: "event",
  hearing: "sequence tracker",
  held: "buffered",
  hole: "gap",
  house: "architecture",
  judge: "oracle, reference reader",
  lying: "malicious",
  mark: "receipt",
  needle: "canary string",
  pace: "timing options",
  patience: "timeout",
  person: "test user",
  place: "position",
  refusal: "rejection",
  refused: "rejected",
  seal: "encrypt",
  seat: "participant",
  stage: "fixture",
  tell: "event",
  turn: "slot",
  unseal: "decrypt",
};

function pathsIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.includes(entry.name)) return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? [path, ...pathsIn(path)] : [path];
  });
}

const paths = ["src", "examples", "test", "bench", "docs", "vectors"].flatMap(pathsIn);

function hasOldWord(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const words = `_${name.toLowerCase().replaceAll(/[^a-z]+/g, "_")}_`;
  return Object.keys(TERMS).some((word) => new RegExp(`_${word}s?_`).test(words));
}

it("the name of each file and folder uses the usual term", () => {
  expect(paths.length).toBeGreaterThan(500);
  expect(hasOldWord("src/hearing.ts")).toBe(true);
  expect(paths.filter(hasOldWord)).toEqual([]);
});

it("the name of each class of errors ends in Error", () => {
  const bases = new Map(
    paths
      .filter((path) => /\.(ts|tsx|mjs)$/.test(path))
      .flatMap((path) => [
        ...readFileSync(join(root, path), "utf8").matchAll(
          /\bclass (\w+)(?:<.*?>)? extends (\w+)/g,
        ),
      ])
      .map(([, name, base]) => [name!, base!]),
  );
  const isError = (name: string): boolean =>
    name.endsWith("Error") || (bases.has(name) && isError(bases.get(name)!));
  const errors = [...bases.keys()].filter(isError);
  expect(errors.length).toBeGreaterThan(20);
  expect(errors.filter((name) => !name.endsWith("Error"))).toEqual([]);
});
