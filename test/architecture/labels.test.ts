import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

// SECURITY.md lists each label, info and aad that separates keys and ciphertexts. It must match the code.

const root = new URL("../../", import.meta.url).pathname;

/** Returns the labels in a source file: text that begins with `lacre/`, and the labels of SigningKey.derive. */
function labelsIn(file: string): string[] {
  const text = readFileSync(join(root, "src", file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const labels: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      if (/^lacre\/\S*$/.test(node.text.replace("\0", ""))) labels.push(node.text);
    }
    if (ts.isCallExpression(node) && node.expression.getText() === "SigningKey.derive") {
      const label = node.arguments[1];
      if (label === undefined || !ts.isStringLiteral(label)) {
        throw new Error(
          `${file}: pass the label to SigningKey.derive as a string literal: ${node.getText()}`,
        );
      }
      labels.push(`lacre/${label.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return labels;
}

const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("testing"))
  .sort();
const labels = new Set(files.flatMap(labelsIn));
const inCode = new Set([...labels].map((label) => label.replace("\0", "")));

const security = readFileSync(join(root, "SECURITY.md"), "utf8");
const section = /^## Keys and labels\n(.*?)(?=^## )/ms.exec(security)?.[1] ?? "";
const inDocument = new Set([...section.matchAll(/`(lacre\/[^`]*)`/g)].map(([, label]) => label!));

describe("the labels of keys and ciphertexts", () => {
  it("are found in the code", () => {
    for (const label of ["lacre/client", "lacre/http-server", "lacre/e2e/1", "lacre/session/1"]) {
      expect(inCode).toContain(label);
    }
  });

  it("are all listed in SECURITY.md, which lists no others", () => {
    expect([...inDocument].sort()).toEqual([...inCode].sort());
  });

  it("differ: none is a prefix of another, except the reserved prefix", () => {
    // With the byte 0 that ends most of them.
    const all = [...labels].filter((label) => label !== "lacre/");
    for (const label of all) {
      expect(all.filter((other) => other !== label && other.startsWith(label))).toEqual([]);
    }
  });

  it("are passed to HKDF in these files only", () => {
    const calling = files.filter((file) =>
      /\b(hkdf|expand)Sha256\(/.test(readFileSync(join(root, "src", file), "utf8")),
    );
    const known = [
      "crypto/hkdf.ts",
      "e2e/chat-key.ts",
      "envelope/session-key.ts",
      "envelope/signing-key.ts",
      "mls/recovery-key.ts",
    ];
    expect(calling).toEqual(known);
  });
});
