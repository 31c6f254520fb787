import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { isQuick } from "../support/runs.js";
import { examplesOfDocComments } from "./doc-comments.js";

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

const ofDocComments = examplesOfDocComments(root);
for (const { file, code } of ofDocComments) writeFileSync(join(folder, file), code);
cpSync(join(root, "test/docs/prelude.ts"), join(folder, "prelude.mts"));
writeFileSync(
  join(folder, "all-doc-comments.mts"),
  ofDocComments
    .map(
      ({ file, name }) =>
        `console.log("${name}"); await import("./${file.replace(/mts$/, "mjs")}");`,
    )
    .join("\n"),
);

describe("the examples of the documents and of the doc comments", () => {
  it("compile with a user's options", () => {
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
    const paths = [
      ...examples.map(({ path }) => path),
      ...ofDocComments.map(({ file }) => join(folder, file)),
    ];
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const all = [compiler, "--ignoreConfig", ...options, ...paths];
    const { stdout } = spawnSync(process.execPath, all, { cwd: root, encoding: "utf8" });
    expect(stdout).toBe("");
  });

  it.each(examples)(
    "$name runs, and prints the output that its comments state",
    ({ path, code }) => {
      const printed = execFileSync(process.execPath, ["--import", "tsx", path], {
        cwd: root,
        encoding: "utf8",
      });
      const stated = [...code.matchAll(/console\.log\(.*\); \/\/ (\{.*\})$/gm)].map(
        ([, value]) => value!,
      );
      for (const value of stated) expect(printed.replaceAll("'", '"')).toContain(value);
    },
  );

  it.skipIf(isQuick)("of doc comments run", () => {
    const all = join(folder, "all-doc-comments.mts");
    const options = { cwd: root, encoding: "utf8" } as const;
    const printed = execFileSync(process.execPath, ["--import", "tsx", all], options);
    expect(ofDocComments.length).toBeGreaterThan(20);
    expect(printed).toContain(ofDocComments.at(-1)!.name);
  });
});
