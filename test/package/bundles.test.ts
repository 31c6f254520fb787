import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject, it } from "vitest";
import { bundlers } from "./bundlers.js";

const { project } = inject("packed");

function entry(name: string, code: string): string {
  const path = join(project, `${name}.js`);
  writeFileSync(path, code);
  return path;
}

describe("a bundle for browsers", () => {
  const everything = `
    import * as lacre from "lacre";
    import * as e2e from "lacre/e2e";
    import * as session from "lacre/session";
    import * as server from "lacre/server";
    console.log({ ...lacre, ...e2e, ...session, ...server });
  `;

  it.each(Object.entries(bundlers))("by %s has nothing of Node", async (name, bundle) => {
    const code = await bundle(entry(`everything-by-${name}`, everything));
    expect(code).toMatch(/class \w*MessageProtocol\b/);
    expect(code).toMatch(/class \w*ChatKey\b/);
    expect(code, "what is loaded on demand").toContain("aesGcmInJavaScript");
    expect(code).not.toMatch(/node:|createHmac|createCipheriv|\bBuffer\./);
    expect(code, "nor code that is made from text").not.toMatch(/\.compile\(schema\)/);
  });
});

/** What has a part in the script that a page with these imports loads: this library's files, and whole packages. */
async function partsOf(imports: string, from: string): Promise<string[]> {
  const code = `import { ${imports} } from "${from}"; use(${imports});`;
  const { metafile } = await build({
    entryPoints: [entry(imports.replaceAll(/\W+/g, "-"), code)],
    bundle: true,
    format: "esm",
    splitting: true,
    minifySyntax: true,
    outdir: "out",
    write: false,
    metafile: true,
  });
  const page = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined)!;
  const shared = page.imports.filter(({ kind }) => kind === "import-statement");
  const chunks = [page, ...shared.map(({ path }) => metafile.outputs[path]!)];
  const used = chunks
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.split("node_modules/").at(-1)!)
    .map((path) => /^lacre\/dist\/(.+)\.js$|^((?:@[^/]+\/)?[^/]+)\//.exec(path));
  return [...new Set(used.map((found) => found?.[1] ?? found?.[2] ?? ""))]
    .filter((part) => part !== ".cache")
    .sort();
}

describe("one import pays for one thing", () => {
  it.each([
    ["LacreError", "lacre", ["errors"]],
    ["preparePassphrase", "lacre/e2e", ["e2e/passphrase"]],
    ["ReplayGuard", "lacre", ["bytes", "clock", "envelope/replay-guard", "errors"]],
    ["createRegistry", "lacre", ["errors", "messages/registry"]],
    ["closeCode", "lacre/session", ["connection/close-codes"]],
  ])("%s for no more than its own files", async (imports, from, parts) => {
    expect(await partsOf(imports, from)).toEqual(parts);
  });

  it.each([
    [
      "MessageProtocol, SigningKey",
      "lacre",
      /^(zod|messages|e2e|connection|session|server)|ciphers/,
    ],
    [
      "Ack",
      "lacre",
      /^(e2e|connection|session|server|messages\/(auth|connection|lists|registry))|ciphers/,
    ],
    [
      "encryptMessage, decryptMessage, deriveChatKey",
      "lacre/e2e",
      /^(zod|connection|session|server)|messages\/chat$|ciphers/,
    ],
    ["Session", "lacre/session", /^(e2e|server)|ciphers/],
    ["acceptHello, answerResume, messageDigest", "lacre/server", /^(e2e|session)|ciphers/],
  ])("%s for nothing of others", async (imports, from, others) => {
    const parts = await partsOf(imports, from);
    expect(parts.length).toBeGreaterThan(10);
    expect(parts.filter((part) => others.test(part))).toEqual([]);
  });
});
