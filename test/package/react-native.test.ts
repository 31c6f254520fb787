import { execFileSync } from "node:child_process";
import { webcrypto } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { expect, inject, it } from "vitest";
import { folderFor, install, orSkip } from "../support/installed.js";

const { project } = inject("packed");

const app = `
  import { ChatMessage, MessageProtocol, SigningKey } from "lacre";
  import { createChatKey, decryptMessage, encryptMessage } from "lacre/e2e";

  async function talk() {
    const key = SigningKey.from("shared by alice's client and the server");
    const { key: chatKey } = await createChatKey("shared by alice and bob", { iterations: 100_000 });
    const content = { kind: "text", text: "hola" };
    const sent = await encryptMessage(chatKey, { chat_id: 42, sender_id: 7, content });
    const frame = ChatMessage.toProtocol(sent, key, { wire: 2 }).toBytes();
    const opened = ChatMessage.fromProtocol(MessageProtocol.open(frame, { key }));
    return (await decryptMessage(chatKey, opened)).text;
  }
  talk().then(onResult, onError);
`;

// Transforms code as React Native does. Bundling needs no other part of React Native.
const transformer = `
  const babel = require("@babel/core");
  exports.transform = ({ src, filename, options: { platform } }) => {
    const presets = [[require("@react-native/babel-preset"), { enableBabelRuntime: false }]];
    const caller = { name: "metro", platform };
    const options = { filename, presets, caller, babelrc: false, configFile: false, ast: true, code: false };
    return { ast: babel.transformSync(src, options).ast };
  };
`;

const bundling = `
  const Metro = require("metro");
  Metro.loadConfig({ cwd: __dirname }, {
    resolver: { unstable_conditionNames: ["react-native"], unstable_enablePackageExports: true },
    transformer: { babelTransformerPath: require.resolve("./transformer.cjs") },
    cacheStores: [],
    reporter: { update() {} },
  }).then((config) => Metro.runBuild(config, { entry: "app.js", platform: "ios", dev: false, minify: false, out: "bundle.js" }));
`;

it("is bundled by Metro as in React Native, and runs with only getRandomValues of WebCrypto", async ({
  skip,
}) => {
  const folder = folderFor("metro");
  const packages = ["metro@~0.83", "@babel/core@7", "@react-native/babel-preset@~0.86"];
  orSkip(() => install(folder, packages), skip);
  for (const name of ["lacre", "@noble", "zod"]) {
    // Metro reads only files in its folder, so links do not work.
    const [from, to] = [project, folder].map((place) => join(place, "node_modules", name));
    rmSync(to!, { recursive: true, force: true });
    cpSync(from!, to!, { recursive: true, dereference: true });
  }
  for (const [name, code] of Object.entries({
    "app.js": app,
    "transformer.cjs": transformer,
    "bundling.cjs": bundling,
  }))
    writeFileSync(join(folder, name), code);
  execFileSync(process.execPath, ["bundling.cjs"], { cwd: folder, stdio: "pipe" });
  const bundle = readFileSync(join(folder, "bundle.js"), "utf8");
  expect(bundle).not.toMatch(/node:crypto|createHmac/);

  const text = await new Promise((resolve, reject) => {
    const getRandomValues = (array: Uint8Array) =>
      array.set(webcrypto.getRandomValues(new Uint8Array(array.length))) ?? array;
    runInContext(
      bundle,
      createContext({
        crypto: { getRandomValues },
        TextEncoder,
        TextDecoder,
        setTimeout,
        onResult: resolve,
        onError: reject,
      }),
    );
  });
  expect(text).toBe("hola");
});
