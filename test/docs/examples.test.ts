import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "lacre-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

const guides = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const documents = ["README.md", ...guides.map((name) => `docs/${name}`)];
const examples = documents.flatMap((document) => {
  const text = readFileSync(join(root, document), "utf8");
  const blocks = [...text.matchAll(/^( *)```ts\n(.*?)^ *```$/gms)];
  return blocks.map(([, indent, block], at) => ({
    name: `${document}, example ${at + 1}`,
    path: join(folder, `${document.replaceAll(/\W/g, "-")}-${at + 1}.mts`),
    code: block!.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
});
for (const { path, code } of examples) writeFileSync(path, `${code}\nexport {};\n`);

describe("the examples of the documents", () => {
  it("compile as a user's code would", () => {
    const options = [
      "--strict",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--types",
      "node",
      "--typeRoots",
      join(root, "node_modules/@types"),
      "--skipLibCheck",
      "--noEmit",
    ];
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    execFileSync(
      process.execPath,
      [compiler, "--ignoreConfig", ...options, ...examples.map(({ path }) => path)],
      { cwd: root, stdio: "pipe", encoding: "utf8" },
    );
  });

  it.each(examples)("$name runs, and prints what it says", ({ path, code }) => {
    const printed = execFileSync(process.execPath, ["--import", "tsx", path], {
      cwd: root,
      encoding: "utf8",
    });
    const said = [...code.matchAll(/console\.log\(.*\); \/\/ (\{.*\})$/gm)].map(
      ([, value]) => value!,
    );
    for (const value of said) expect(printed.replaceAll("'", '"')).toContain(value);
  });
});
