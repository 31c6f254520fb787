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
import { files } from "../../assurance/vectors/files.js";
import { vectors } from "../../src/testing/index.js";
import { describeWithPython, PYTHON } from "./peer.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, "vectors");

/** What the Python judge finds in a folder of vectors. */
function judged(folder: string): { count: number; wrong: string[] } {
  const judge = fileURLToPath(new URL("judge.py", import.meta.url));
  return JSON.parse(execFileSync(PYTHON, [judge, folder], { encoding: "utf8" }));
}

describe("the vectors of the package", () => {
  it.each(Object.keys(files))("%s is as npm run vectors writes it", (path) => {
    expect(existsSync(join(root, path)) && readFileSync(join(root, path), "utf8")).toBe(
      files[path],
    );
  });

  it("are files that something writes", () => {
    const written = Object.keys(files).map((path) => path.split("/").at(-1));
    for (const name of readdirSync(folder)) {
      if (name !== "README.md") expect(written).toContain(name);
    }
  });

  it("are the same as typed data", () => {
    for (const [name, data] of Object.entries(vectors)) {
      expect(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"))).toEqual(data);
    }
  });

  it("have names that tell them apart, and reasons where they are invalid", () => {
    for (const { valid, invalid } of [...Object.values(vectors), vectors.e2e.keys]) {
      const names = [...valid, ...invalid].map(({ name }) => name);
      expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
      for (const { reason } of invalid) expect(reason).not.toBe("");
    }
  });
});

describeWithPython("the vectors, judged in Python", () => {
  it("come out there as they say", () => {
    const { count, wrong } = judged(folder);
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(500);
  });

  it("would not, if they said otherwise", () => {
    const copy = mkdtempSync(join(tmpdir(), "lacre-vectors-"));
    cpSync(folder, copy, { recursive: true });
    const changed = structuredClone(vectors.wire1) as unknown as {
      valid: { timestamp: number }[];
      invalid: { error: { code: string } }[];
    };
    changed.valid[0]!.timestamp += 1;
    changed.invalid[0]!.error.code = "ERR_VERIFY";
    writeFileSync(join(copy, "wire1.json"), JSON.stringify(changed));
    expect(judged(copy).wrong).toHaveLength(2);
    rmSync(copy, { recursive: true });
  });
});
