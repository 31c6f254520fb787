import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path.endsWith(".md") && existsSync(join(root, path)));

const textOf = (path: string) => readFileSync(join(root, path), "utf8");
const withoutCode = (text: string) => text.replaceAll(/^ *```.*?^ *```$/gms, "");

/** Returns the anchors of a document's headings, as GitHub and npm make them. */
function anchorsOf(path: string): string[] {
  const headings = [...withoutCode(textOf(path)).matchAll(/^#+ (.+)$/gm)];
  return headings.map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Returns the links of a document to files of the repository, as paths from the root. */
function linksOf(document: string): { path: string; anchor: string | undefined }[] {
  const links = [
    ...withoutCode(textOf(document)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g),
  ];
  return links
    .map(([, markdown, html]) => markdown ?? html!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file, anchor] = target.split("#");
      const path = file === "" ? document : normalize(join(dirname(document), file!));
      return { path, anchor };
    });
}

it("links of documents lead to files and headings that exist", () => {
  const links = documents.flatMap((document) =>
    linksOf(document).map((link) => ({ document, ...link })),
  );
  expect(links.length).toBeGreaterThan(50);
  const broken = links.filter(
    ({ path, anchor }) =>
      !existsSync(join(root, path)) ||
      (anchor !== undefined && path.endsWith(".md") && !anchorsOf(path).includes(anchor)),
  );
  expect(broken).toEqual([]);
});

it("the README's table of errors has each code of the library once", () => {
  const table = [...textOf("README.md").matchAll(/^\| (`ERR_.*?) \|/gm)];
  const inTable = table.flatMap(([, codes]) => codes!.match(/ERR_\w+/g)!);
  const [, union] = /type LacreErrorCode =\s*([^;]+);/.exec(textOf("src/errors.ts"))!;
  expect(inTable.sort()).toEqual(union!.match(/ERR_\w+/g)!.sort());
});
