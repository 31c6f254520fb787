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

  it.each(Object.entries(bundlers))("by %s contains no code for Node", async (name, bundle) => {
    const code = await bundle(entry(`everything-by-${name}`, everything));
    expect(code).toMatch(/class \w*MessageProtocol\b/);
    expect(code).toMatch(/class \w*ChatKey\b/);
    expect(code, "includes code that is loaded on demand").toContain("aesGcmInJavaScript");
    expect(code).not.toMatch(/node:|createHmac|createCipheriv|\bBuffer\./);
    expect(code, "contains no code that needs eval").not.toMatch(/\.compile\(schema\)/);
  });
});

/** Returns the parts of the script that a page with these imports loads: files of this library, and names of packages. */
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

describe("an import", () => {
  it.each([
    ["LacreError", "lacre", ["errors"]],
    ["preparePassphrase", "lacre/e2e", ["arguments", "e2e/passphrase", "errors"]],
    ["ReplayGuard", "lacre", ["arguments", "bytes", "clock", "envelope/replay-guard", "errors"]],
    ["createRegistry", "lacre", ["arguments", "errors", "messages/registry"]],
    ["closeCode", "lacre/session", ["connection/close-codes"]],
  ])("of %s loads its own files only", async (imports, from, parts) => {
    expect(await partsOf(imports, from)).toEqual(parts);
  });

  it.each([
    [
      "MessageProtocol, SigningKey",
      "lacre",
      /^(zod|messages|e2e|mls|connection|session|client|server)|ciphers|curves/,
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
    [
      "Device, extendLog, safetyNumber",
      "lacre/mls",
      /^(zod|messages\/chat$|e2e|connection|session|client|server)|ciphers/,
    ],
    ["Session", "lacre/session", /^(client|e2e|server)|ciphers/],
    ["acceptHello, answerResume, messageDigest", "lacre/server", /^(client|e2e|session)|ciphers/],
    [
      "createClient, memoryStorage",
      "lacre/client",
      /^(client\/(indexeddb|node)|e2e|server)|ciphers/,
    ],
  ])("of %s loads none of the other parts", async (imports, from, others) => {
    const parts = await partsOf(imports, from);
    expect(parts.length).toBeGreaterThan(10);
    expect(parts.filter((part) => others.test(part))).toEqual([]);
  });
});
