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

  // On TypeScript 5.9 and later, these functions of the platform take no bytes that may be in a SharedArrayBuffer.
  const returnedBytes = write(
    "returned-bytes.mts",
    `import { ChatMessage, deriveSessionKey, MessageProtocol, type VerifiedMessage } from "lacre";
     import { ChatKey, createChatKey, decrypt, encrypt } from "lacre/e2e";
     import { type Acceptance, type Channel, messageDigest } from "lacre/server";
     import type { SessionAction } from "lacre/session";
     export function send(socket: WebSocket, action: SessionAction, channel: Channel, { frame }: Acceptance): void {
       socket.send(frame);
       if (action.type === "transmit") socket.send(action.bytes);
       socket.send(channel.encode(ChatMessage, message, 0));
     }
     export async function upload(key: ChatKey, file: Uint8Array, { identity }: VerifiedMessage): Promise<void> {
       const { nonce, content } = await encrypt(key, file);
       const blob = new Blob([nonce, content, await decrypt(key, { nonce, content })]);
       await fetch("/files", { method: "POST", body: content });
       const { salt, key_check } = await createChatKey("café con leche");
       const keys = [key.check, key.export(), await key.encryptCheck(), deriveSessionKey(file, file), salt, key_check];
       for (const bytes of [...keys, messageDigest(message), identity]) await crypto.subtle.digest("SHA-256", bytes);
     }
     // The library takes bytes in any buffer.
     declare const anyBytes: Uint8Array;
     const message: ChatMessage =
       { chat_id: 42, sender_id: 7, content: anyBytes, nonce: anyBytes, timestamp: 0 };
     export const decrypted = async (key: ChatKey) => decrypt(key, message);
     export const frame: MessageProtocol = ChatMessage.toProtocol({ ...message, content: anyBytes });`,
  );
  const withoutPlatform = write(
    "without-platform.mts",
    `import { ChatKey, encrypt } from "lacre/e2e";
     export * as others from "lacre";
     export * as session from "lacre/session";
     export * as server from "lacre/server";
     export async function stored(key: ChatKey): Promise<ChatKey | undefined> {
       const { cryptoKey } = key;
       return cryptoKey && ChatKey.from(cryptoKey, { encryptedCheck: await key.encryptCheck() });
     }
     export const encrypted = (key: ChatKey) => encrypt(key, new Uint8Array(9));`,
  );
  const onNode = write(
    "on-node.mts",
    `import type { webcrypto } from "node:crypto";
     import type { ChatKey } from "lacre/e2e";
     export const cryptoKeyOf = (key: ChatKey): webcrypto.CryptoKey | undefined => key.cryptoKey;`,
  );

  const ownContents = write(
    "own-contents.mts",
    `import { bytes, type ContentOf, defineContent, id } from "lacre";
     import { type ChatCipher, type ChatKey, type Content, chatCipher, decryptMessage, encryptMessage, type NewContent } from "lacre/e2e";
     import * as z from "zod/mini";
     const Image = defineContent("image", z.object({ file_id: id(), alt: z.optional(z.string()), preview: z.optional(bytes({ max: 9 })) }), {
       fallback: (image) => image.alt ?? "An image",
     });
     const Poll = defineContent("poll", z.object({ question: z.string(), open: z._default(z.boolean(), true) }), { fallback: "A poll" });
     type Own = typeof Image | typeof Poll;
     export async function exchange(key: ChatKey): Promise<string | number | boolean> {
       const content = { kind: "poll", question: "?" } as const;
       const message = await encryptMessage(key, { chat_id: 42, sender_id: 7, content }, { contents: [Image, Poll] });
       const received = await decryptMessage(key, message, { contents: [Image, Poll] });
       if (received.kind === "text") return received.text;
       if (received.kind === "image") return received.file_id + (received.preview?.length ?? 0);
       return received.kind === "poll" ? received.open : received.fallback;
     }
     export const cipher = (key: ChatKey): ChatCipher<NewContent<Own>, Content<Own>> => chatCipher(key, { contents: [Image, Poll] });
     export const image: ContentOf<typeof Image> = { kind: "image", file_id: 9 };
     // @ts-expect-error the kind has no definition
     export const wrong = (key: ChatKey) => encryptMessage(key, { chat_id: 42, sender_id: 7, content: image }, { contents: [Poll] });`,
  );

  /** Returns the errors of the compiler for files and for the declarations of the package. */
  function errorsOf(compiler: string, files: readonly string[], options: object): string {
    const compilerOptions = {
      target: "es2022",
      lib: ["es2023", "dom", "dom.iterable"],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      ...options,
    };
    const config = write("tsconfig.json", JSON.stringify({ compilerOptions, files }));
    const { stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", config], {
      cwd: project,
      encoding: "utf8",
    });
    return stdout + stderr;
  }
  const ours = join(root, "node_modules/typescript/bin/tsc");
  const nodenext = { module: "nodenext" };
  const bundler = { module: "esnext", moduleResolution: "bundler" };

  const versions = ["5.6", "5.7", "5.8", "5.9", "6.0", "7.0"];
  const tested = process.env.LACRE_SHORTENED === undefined ? versions : ["5.6", "7.0"];
  describe.for(tested)("of version %s", (version) => {
    const compilerOf = (skip: (note: string) => never) =>
      join(
        orSkip(() => installed(`typescript@~${version}`), skip),
        "typescript/bin/tsc",
      );

    it("compiles", ({ skip }) => {
      const compiler = compilerOf(skip);
      const files = [esm, returnedBytes, ownContents];
      // Below 5.7 the compiler gives a JSON module no default export.
      if (version >= "5.7") files.push(vectors);
      // Below 5.8 the compiler does not know that an ES module can be required.
      if (version >= "5.8") files.push(cjs);
      else expect(errorsOf(compiler, [cjs], nodenext)).toContain("TS1471");
      expect(errorsOf(compiler, files, nodenext)).toBe("");
    });

    it("compiles without types of a platform", ({ skip }) => {
      const lib = { ...nodenext, lib: ["es2023"] };
      const errors = errorsOf(compilerOf(skip), [withoutPlatform], lib).split("\n");
      // zod's own declarations need the type URL.
      expect(errors.filter((line) => !/\/zod\/.*'URL'/.test(line)).join("\n")).toBe("");
    });

    it("compiles with the types of Node only", ({ skip }) => {
      const lib = { ...nodenext, lib: ["es2023"], types: ["node"] };
      expect(errorsOf(compilerOf(skip), [withoutPlatform, onNode], lib)).toBe("");
    });
  });

  it("compiles with a bundler's resolution", () => {
    expect(errorsOf(ours, [esm, vectors], bundler)).toBe("");
  });

  it("receives an error for a wrong type", () => {
    const wrong = write(
      "wrong.mts",
      `import { MessageProtocol, type VerifiedMessage } from "lacre";
      export const message: VerifiedMessage = MessageProtocol.fromBytes(new Uint8Array());`,
    );
    expect(errorsOf(ours, [wrong], nodenext)).toContain("TS2322");
  });
});
