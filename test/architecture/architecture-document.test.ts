import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const document = readFileSync(join(root, "docs/ARCHITECTURE.md"), "utf8").replace(/\s+/g, " ");

/** Pairs such as `src/wire/scan.ts`: `scan`, in which the second part may name a method: `Session.handle`. */
const references = [...document.matchAll(/`([\w./-]+\.tsx?)`: `([\w.#]+)`/g)].map(
  ([, file, name]) => ({ file: file!, name: name!.split(".").at(-1)! }),
);

function declares(file: string, name: string): boolean {
  const text = readFileSync(join(root, file), "utf8");
  return new RegExp(`(?<![\\w#])${name}\\b`).test(text);
}

describe("docs/ARCHITECTURE.md", () => {
  it("names only files and folders that exist", () => {
    const paths = [...document.matchAll(/`((?:src|examples|test|docs)\/[\w./-]+)`/g)];
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.map(([, path]) => path!).filter((path) => !existsSync(join(root, path)))).toEqual(
      [],
    );
  });

  it("names functions and classes that their files contain", () => {
    expect(references.length).toBeGreaterThan(40);
    expect(references.filter(({ file, name }) => !declares(file, name))).toEqual([]);
  });
});

/** Paths in backquotes, as written in a document. */
function pathsIn(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/`((?:src|examples|test|docs|bin|tools)\/[\w./-]+)`/g)].map(
    ([, path]) => path!,
  );
}

it("the READMEs of the examples and the architecture decision records name only files and folders that exist", () => {
  const documents = [
    ...readdirSync(join(root, "examples")).map((name) => `examples/${name}/README.md`),
    ...readdirSync(join(root, "docs/adr")).map((name) => `docs/adr/${name}`),
  ].filter((document) => existsSync(join(root, document)));
  expect(documents.length).toBeGreaterThan(10);
  const missing = documents.flatMap((document) =>
    pathsIn(document)
      .filter(
        (path) => ![root, join(root, dirname(document))].some((at) => existsSync(join(at, path))),
      )
      .map((path) => `${document}: ${path}`),
  );
  expect(missing).toEqual([]);
});
