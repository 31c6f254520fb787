import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = fileURLToPath(new URL("../../src/", import.meta.url));
const examples = fileURLToPath(new URL("../../examples/", import.meta.url));

/** The layers from the lowest up. A file imports only from its own layer and lower ones. */
const layers = [
  "base",
  "crypto",
  "wire",
  "envelope",
  "messages",
  "e2e",
  "connection",
  "session",
  "server",
  "testing",
  "index",
];
const CLOSE_CODES = "connection/close-codes.ts";
const base = ["errors.ts", "limits.ts", "arguments.ts", "bytes.ts", "clock.ts"];

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), "utf8");
  const statements = text.matchAll(/^(?:import|export)( type)?\b[^;"]*?\bfrom "([^"]+)";/gm);
  const onDemand = text.matchAll(/\bimport()\("([^"]+)"\)/g);
  return [...statements, ...onDemand].map(([, type, specifier]) => ({
    file,
    specifier: specifier!,
    isTypeOnly: Boolean(type),
  }));
}

function layerOf(file: string): string {
  if (base.includes(file)) return "base";
  return file === "index.ts" ? "index" : file.split("/")[0]!;
}

function targetOf({ file, specifier }: Import): string | undefined {
  if (specifier === "#native") return "crypto/native.node.ts";
  if (specifier === "#compile") return "messages/compile.eval.ts";
  if (!specifier.startsWith(".")) return undefined;
  return relative(source, join(source, dirname(file), specifier)).replace(/\.js$/, ".ts");
}

describe("the architecture", () => {
  it("has each file in a known layer", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => !layers.includes(layerOf(file)))).toEqual([]);
  });

  it("has no import of a higher layer", () => {
    const upward = imports.filter((one) => {
      const target = targetOf(one);
      return (
        target !== undefined && layers.indexOf(layerOf(target)) > layers.indexOf(layerOf(one.file))
      );
    });
    expect(upward).toEqual([]);
  });

  const reached = (layer: string) => {
    const found = new Set(files.filter((file) => layerOf(file) === layer));
    for (const file of found) {
      for (const one of imports.filter((each) => each.file === file && !each.isTypeOnly)) {
        found.add(targetOf(one) ?? one.specifier);
      }
    }
    return [...found];
  };

  it("has no import of zod in e2e, and none of e2e in session and server", () => {
    expect(reached("e2e").filter((file) => file.startsWith("zod"))).toEqual([]);
    expect(reached("messages").filter((file) => file.startsWith("zod"))).not.toEqual([]);
    for (const layer of ["session", "server"])
      expect(reached(layer).filter((file) => layerOf(file) === "e2e")).toEqual([]);
  });

  it("has no import between session and server", () => {
    const between = (from: string, to: string) =>
      imports.filter((one) => layerOf(one.file) === from && layerOf(targetOf(one) ?? "") === to);
    expect(between("session", "server")).toEqual([]);
    expect(between("server", "session")).toEqual([]);
    expect(between("server", "connection")).not.toEqual([]);
  });

  it("imports fast-check in the generators only, and the generators nowhere else", () => {
    const users = imports.filter(({ specifier }) => specifier === "fast-check");
    const isGenerator = (file: string) => file.startsWith("testing/generators/");
    expect(users.filter(({ file }) => !isGenerator(file))).toEqual([]);
    const upward = imports.filter(
      (one) => !isGenerator(one.file) && isGenerator(targetOf(one) ?? ""),
    );
    expect(upward).toEqual([]);
  });

  it("imports an independent MessagePack encoder in the contract suite only", () => {
    const users = imports.filter(({ specifier }) => specifier === "@msgpack/msgpack");
    expect(users.map(({ file }) => file)).toEqual(["testing/contract/codec.ts"]);
  });

  it("has no import of the library's encoder, keys or session in the contract suite", () => {
    const shared = ["wire/encode.ts", "envelope/signing-key.ts", "messages/define-message.ts"];
    const used = imports.filter((one) => {
      const target = targetOf(one) ?? "";
      const isCode = one.file.startsWith("testing/contract/") && !one.isTypeOnly;
      const layer = layerOf(target);
      const isSession = ["session", "server", "connection"].includes(layer);
      return isCode && (shared.includes(target) || (isSession && target !== CLOSE_CODES));
    });
    expect(used).toEqual([]);
  });

  it("depends on these packages only, and on Node only in #native", () => {
    const packages = new Set(
      imports
        .filter((one) => targetOf(one) === undefined)
        .map(({ file, specifier }) =>
          specifier.startsWith("node:") ? `${file}: ${specifier}` : specifier,
        ),
    );
    expect([...packages].sort()).toEqual([
      "@msgpack/msgpack",
      "@noble/ciphers/aes.js",
      "@noble/hashes/hkdf.js",
      "@noble/hashes/hmac.js",
      "@noble/hashes/pbkdf2.js",
      "@noble/hashes/sha2.js",
      "crypto/native.node.ts: node:buffer",
      "crypto/native.node.ts: node:crypto",
      "crypto/native.node.ts: node:zlib",
      "fast-check",
      "zod/mini",
      "zod/v4/core",
    ]);
  });

  it("has at most 350 lines in each file of src/", () => {
    const long = files.filter(
      (file) => readFileSync(join(source, file), "utf8").split("\n").length > 350,
    );
    expect(long).toEqual([]);
  });
});

/** The imports of a part of `examples/`; files and relative modules are paths below `examples/`. */
function importsIn(part: string): { readonly file: string; readonly module: string }[] {
  const names = readdirSync(join(examples, part, "src"), { recursive: true, encoding: "utf8" });
  const paths = names.filter((name) => /\.tsx?$/.test(name)).map((name) => `${part}/src/${name}`);
  expect(paths.length).toBeGreaterThan(3);
  return paths.flatMap((file) => {
    const text = readFileSync(join(examples, file), "utf8");
    return [...text.matchAll(/\b(?:from|import)[ (]+"([^"]+)"/g)].map(([, specifier]) => {
      const isRelative = specifier!.startsWith(".");
      const module = isRelative
        ? join(dirname(file), specifier!).replace(/\.js$/, ".ts")
        : specifier!;
      return { file, module };
    });
  });
}

describe("the examples", () => {
  it.each(["client", "cli", "web"])("import no code of the server in %s", (part) => {
    const modules = importsIn(part).map(({ module }) => module);
    expect(modules.some((module) => module.startsWith("lacre"))).toBe(true);
    expect(modules.filter((module) => /^(server|lacre-server)(\/|$)/.test(module))).toEqual([]);
  });

  it("declare the API without code of the server or of a client", () => {
    const modules = importsIn("api").map(({ module }) => module);
    const packages = modules.filter((module) => !module.startsWith("api/src/"));
    expect([...new Set(packages)].sort()).toEqual(["lacre", "zod/mini"]);
  });

  it.each(["api", "client", "cli", "server"])("import without a cycle in %s", (part) => {
    let left = importsIn(part).filter(({ module }) => module.startsWith(`${part}/src/`));
    expect(left.length).toBeGreaterThan(1);
    // Remove the imports of files that import no other file, until only cycles and their importers are left.
    for (let before = Infinity; left.length < before; ) {
      before = left.length;
      const importers = new Set(left.map(({ file }) => file));
      left = left.filter(({ module }) => importers.has(module));
    }
    expect(left).toEqual([]);
  });
});
