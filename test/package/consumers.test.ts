import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject, it } from "vitest";
import { installed, orSkip, root } from "../support/installed.js";

const { project } = inject("packed");

const conversation = `
  const signingKey = SigningKey.from("shared by alice's client and the server");
  const created = await createChatKey("shared by alice and bob", { iterations: 100_000 });
  const { key: aliceKey, salt, iterations, key_check: check } = created;
  const bobKey = await deriveChatKey("shared by alice and bob", { salt, iterations, check });
  const content = { kind: "text", text: "hola" } as const;
  const sent = await encryptMessage(aliceKey, { chat_id: 42, sender_id: 7, content });
  const frame: Uint8Array = ChatMessage.toProtocol(sent, signingKey).toBytes();
  const opened: VerifiedMessage = MessageProtocol.open(frame, { key: signingKey });
  const received: Content = await decryptMessage(bobKey, ChatMessage.fromProtocol(opened));
  const actions = new Session({ session_key: crypto.getRandomValues(new Uint8Array(32)), user_id: 7 })
    .handle({ type: "connected" }, 1_700_000_000);
  const first: SessionAction["type"] | undefined = actions[0]?.type;
  if (!(received.kind === "text" && first !== undefined)) throw new Error("another text was received");
  console.log(received.text);
`;
const values = {
  lacre: ["ChatMessage", "MessageProtocol", "SigningKey"],
  "lacre/e2e": ["createChatKey", "decryptMessage", "deriveChatKey", "encryptMessage"],
  "lacre/session": ["Session"],
};
const types = `
  import type { VerifiedMessage } from "lacre";
  import type { Content } from "lacre/e2e";
  import type { SessionAction } from "lacre/session";
  export type { Acceptance } from "lacre/server";
  export type { ContractTarget } from "lacre/testing";
  export { messageFrame } from "lacre/testing/generators";
`;
const imports = Object.entries(values).map(
  ([entry, names]) => `import { ${names} } from "${entry}";`,
);
const requires = Object.entries(values).map(
  ([entry, names]) => `const { ${names} } = require("${entry}");`,
);
const withoutTypes = conversation.replaceAll(/ as const|(?<=(?:const) \w+): [^=]+(?= =)/g, "");

function write(name: string, code: string): string {
  writeFileSync(join(project, name), code);
  return name;
}

const run = (file: string) =>
  execFileSync(process.execPath, ["--no-warnings", file], { cwd: project, encoding: "utf8" });

describe("a program that has the package installed", () => {
  it("imports it", () => {
    expect(run(write("esm.mjs", [...imports, withoutTypes].join("\n")))).toBe("hola\n");
  });

  it("requires it", () => {
    const code = `${requires.join("\n")}\n(async () => {${withoutTypes}})();`;
    expect(run(write("cjs.cjs", code))).toBe("hola\n");
  });

  it("imports and requires the vectors", () => {
    const use = "console.log(vectors.valid.length > 20 && vectors.valid[0].type);";
    const file = "lacre/vectors/wire2.json";
    const imported = `import vectors from "${file}" with { type: "json" };\n${use}`;
    const required = `const vectors = require("${file}");\n${use}`;
    expect(run(write("vectors.mjs", imported))).toBe("test\n");
    expect(run(write("vectors.cjs", required))).toBe("test\n");
  });

  it("bundles it for browsers", async () => {
    await build({
      absWorkingDir: project,
      entryPoints: [write("page.mjs", [...imports, withoutTypes].join("\n"))],
      bundle: true,
      minify: true,
      format: "esm",
      outfile: join(project, "page.bundle.mjs"),
    });
    expect(run("page.bundle.mjs")).toBe("hola\n");
  });
});

describe("a program in TypeScript", () => {
  const esm = write("program.mts", [types, ...imports, conversation].join("\n"));
  const cjs = write(
    "program.cts",
    `import lacre = require("lacre");\nimport e2e = require("lacre/e2e");
     export const key: lacre.SigningKey = lacre.SigningKey.from("secret");
     export const prepared: string = e2e.preparePassphrase(" x ");`,
  );

  const vectors = write(
    "typed-vectors.mts",
    `import type { VectorBytes } from "lacre/testing";
     import wire2 from "lacre/vectors/wire2.json" with { type: "json" };
     export const frames: VectorBytes[] = wire2.valid.map(({ frame }) => frame);`,
  );

  /** Returns the errors of the compiler for a file and for the declarations of the package. */
  function errorsOf(compiler: string, file: string, resolution: object): string {
    const compilerOptions = {
      target: "es2022",
      lib: ["es2023", "dom", "dom.iterable"],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      ...resolution,
    };
    const config = write("tsconfig.json", JSON.stringify({ compilerOptions, files: [file] }));
    const options = { cwd: project, encoding: "utf8" } as const;
    const { stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", config], options);
    return stdout + stderr;
  }
  const ours = join(root, "node_modules/typescript/bin/tsc");
  const nodenext = { module: "nodenext" };
  const bundler = { module: "esnext", moduleResolution: "bundler" };

  it.for(["5.6", "5.8", "5.9", "6.0", "7.0"])("of version %s compiles", (version, { skip }) => {
    const modules = orSkip(() => installed(`typescript@~${version}`), skip);
    const compiler = join(modules, "typescript/bin/tsc");
    expect(errorsOf(compiler, esm, nodenext)).toBe("");
    // Below 5.7 the compiler gives a JSON module no default export.
    if (version >= "5.7") expect(errorsOf(compiler, vectors, nodenext)).toBe("");
    // Below 5.8 the compiler does not know that an ES module can be required.
    if (version < "5.8") expect(errorsOf(compiler, cjs, nodenext)).toContain("TS1471");
    else expect(errorsOf(compiler, cjs, nodenext)).toBe("");
  });

  it("compiles with a bundler's resolution", () => {
    expect(errorsOf(ours, esm, bundler)).toBe("");
    expect(errorsOf(ours, vectors, bundler)).toBe("");
  });

  it("receives an error for a wrong type", () => {
    const wrong = write(
      "wrong.mts",
      `import { MessageProtocol, type VerifiedMessage } from "lacre";
      export const message: VerifiedMessage = MessageProtocol.fromBytes(new Uint8Array());`,
    );
    expect(errorsOf(ours, wrong, nodenext)).toContain("TS2322");
  });
});
