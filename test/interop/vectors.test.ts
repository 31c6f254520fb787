import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { files } from "../assurance/vectors/files.js";
import { describeWithPython, PYTHON } from "./peer.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, "vectors");

interface Named {
  readonly valid: readonly { readonly name: string }[];
  readonly tolerated?: readonly { readonly name: string }[];
  readonly invalid: readonly { readonly name: string; readonly reason: string }[];
}

/** Returns what the reference reader in Python finds in a folder of vectors. */
function readByReference(folder: string): { count: number; wrong: string[] } {
  const reader = fileURLToPath(new URL("reference_reader.py", import.meta.url));
  return JSON.parse(execFileSync(PYTHON, [reader, folder], { encoding: "utf8" }));
}

describe("the vectors of the package", () => {
  it.each(Object.keys(files))("%s is equal to the output of npm run vectors", (path) => {
    expect(existsSync(join(root, path)) && readFileSync(join(root, path), "utf8")).toBe(
      files[path],
    );
  });

  it("are all written by npm run vectors", () => {
    const written = Object.keys(files).map((path) => path.split("/").at(-1));
    for (const name of readdirSync(folder)) {
      if (name !== "README.md") expect(written).toContain(name);
    }
  });

  it("contain no escaped surrogate, which strict JSON parsers reject", () => {
    for (const text of Object.values(files)) expect(text).not.toMatch(/\\u[dD][89a-fA-F]/);
  });

  it("have unique names, and reasons if they are invalid", () => {
    const paths = Object.keys(files).filter((path) => path.endsWith(".json"));
    const all = paths.map((path) => JSON.parse(files[path]!) as Named & { keys?: Named });
    expect(all).toHaveLength(8);
    const groups = all.flatMap((one) => (one.keys ? [one, one.keys] : [one]));
    for (const { valid, tolerated = [], invalid } of groups) {
      const names = [...valid, ...tolerated, ...invalid].map(({ name }) => name);
      expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
      for (const { reason } of invalid) expect(reason).not.toBe("");
    }
  });
});

describeWithPython("the vectors in the Python reference reader", () => {
  it("have the stated results", () => {
    const { count, wrong } = readByReference(folder);
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(500);
  });

  it("have other results if the vectors are changed", () => {
    const copy = mkdtempSync(join(tmpdir(), "lacre-vectors-"));
    cpSync(folder, copy, { recursive: true });
    const changed: { valid: { timestamp: number }[]; invalid: { error: { code: string } }[] } =
      JSON.parse(readFileSync(join(folder, "wire1.json"), "utf8"));
    changed.valid[0]!.timestamp += 1;
    changed.invalid[0]!.error.code = "ERR_VERIFY";
    writeFileSync(join(copy, "wire1.json"), JSON.stringify(changed));
    expect(readByReference(copy).wrong).toHaveLength(2);
    rmSync(copy, { recursive: true });
  });
});
