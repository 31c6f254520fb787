import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cruise, type ICruiseResult, type IForbiddenRuleType } from "dependency-cruiser";
import { expect, it } from "vitest";

const baseDir = fileURLToPath(new URL("../../", import.meta.url));

/** The layers from the lowest up. A file imports only from its own layer and lower ones. */
const layers = [
  "(errors|limits|arguments|bytes|clock)\\.ts$",
  "crypto/",
  "wire/",
  "envelope/",
  "messages/",
  "e2e/",
  "mls/",
  "connection/",
  "session/",
  "client/",
  "server/",
  "testing/",
  "index\\.ts$",
].map((layer) => `^src/${layer}`);
const generators = "^src/testing/generators/";
const contract = "^src/testing/contract/";
const mlsStorages = "^src/client/(indexeddb|node)/mls-";
/** The files of `messages` that load zod. */
const schemas = "^src/messages/(?!chat-message-aad\\.ts$)";

const forbidden: IForbiddenRuleType[] = [
  {
    name: "each file is in a known layer",
    from: { path: "^src/", pathNot: layers },
    to: {},
  },
  ...layers.map((layer, at) => ({
    name: "no import of a higher layer",
    from: { path: layer },
    to: { path: "^src/", pathNot: layers.slice(0, at + 1) },
  })),
  {
    name: "no zod in what e2e and mls import",
    from: { path: layers.slice(0, 7), pathNot: schemas },
    to: { path: [schemas, "^node_modules/zod/"], dependencyTypesNot: ["type-only"] },
  },
  {
    name: "no e2e and no mls in session and server",
    from: { path: "^src/(connection|session|server)/" },
    to: { path: "^src/(e2e|mls)/" },
  },
  {
    name: "no e2e and no mls in the client, except for types",
    from: { path: "^src/client/", pathNot: ["^src/client/mls/", mlsStorages] },
    to: { path: "^src/((e2e|mls)/|client/mls/)", dependencyTypesNot: ["type-only"] },
  },
  {
    name: "only what encrypts storages in the storages of MLS chats, which all programs of a platform load",
    from: { path: mlsStorages },
    to: {
      path: "^src/((e2e|mls)/|client/mls/)",
      pathNot: "^src/client/mls/(changes|encryption)\\.ts$",
      dependencyTypesNot: ["type-only"],
    },
  },
  {
    name: "no import between session and server",
    from: { path: "^src/(session|client|server)/" },
    to: { path: "^src/(session|client|server)/", pathNot: ["^src/$1/", "^src/session/"] },
  },
  {
    name: "no session in the server",
    from: { path: "^src/server/" },
    to: { path: "^src/session/" },
  },
  {
    name: "no adapter of a platform in what all clients load",
    from: { path: "^src/client/", pathNot: "^src/client/(indexeddb|node)/" },
    to: { path: "^src/client/(indexeddb|node)/" },
  },
  {
    name: "fast-check and the generators in the generators only",
    from: { path: "^src/", pathNot: generators },
    to: { path: ["^node_modules/fast-check/", generators] },
  },
  {
    name: "an independent MessagePack encoder in the contract suite only",
    from: { path: "^src/", pathNot: `${contract}codec\\.ts$` },
    to: { path: "^node_modules/@msgpack/" },
  },
  {
    name: "no encoder, keys or session of the library in the contract suite",
    from: { path: contract },
    to: {
      path: "^src/(wire/encode|envelope/signing-key|messages/define-message|(session|server|connection)/)",
      pathNot: "^src/connection/close-codes\\.ts$",
      dependencyTypesNot: ["type-only"],
    },
  },
  {
    name: "ts-mls and hpke in one file, which the build bundles with them",
    from: { path: "^src/", pathNot: "^src/mls/engine-library\\.ts$" },
    to: { path: "^node_modules/(ts-mls|hpke)/" },
  },
  {
    name: "these packages only",
    from: { path: "^src/" },
    to: {
      dependencyTypesNot: ["core"],
      // Without a build `#native` and `#compile` are not resolved.
      pathNot: [
        "^(src|dist)/|^#",
        "^node_modules/@msgpack/msgpack/",
        "^node_modules/@noble/(ciphers/aes|hashes/(hkdf|hmac|pbkdf2|sha2))\\.js$",
        "^node_modules/@noble/(curves/ed25519|hashes/sha3|post-quantum/hybrid)\\.js$",
        "^node_modules/(ts-mls|hpke)/",
        "^node_modules/fast-check/",
        "^node_modules/zod/(mini|v4/core)/",
      ],
    },
  },
  {
    name: "Node in #native and lacre/client/node only",
    from: { path: "^src/", pathNot: "^src/(crypto/native\\.node\\.ts$|client/node/)" },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "no code of the server in the client, the CLI and the web client",
    from: { path: "^examples/(client|cli|web)/src/" },
    to: { path: "^examples/server/" },
  },
  {
    name: "no code of the server or of a client in the API",
    from: { path: "^examples/api/src/" },
    to: { pathNot: "^(examples/api/src/|dist/index\\.js$|lacre$|node_modules/zod/mini/)" },
  },
  {
    name: "no cycle",
    from: { path: "^(src|examples/(api|client|cli|server))/" },
    to: { circular: true },
  },
];

it("has only allowed imports in the library and the examples", async () => {
  const parts = ["api", "client", "cli", "server", "web"].map((part) => `examples/${part}/src`);
  const { output } = await cruise(
    ["src", ...parts],
    {
      baseDir,
      doNotFollow: { path: "node_modules|^dist/" },
      tsPreCompilationDeps: true,
      validate: true,
      ruleSet: { forbidden },
    },
    { exportsFields: ["exports"], conditionNames: ["node", "import"] },
  );
  const { summary } = output as ICruiseResult;
  expect(summary.totalCruised).toBeGreaterThan(300);
  const found = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
  expect(found).toEqual([]);
}, 120_000);

it("has at most 350 lines in each file of src/", () => {
  const source = join(baseDir, "src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const long = files.filter(
    (file) =>
      file.endsWith(".ts") && readFileSync(join(source, file), "utf8").split("\n").length > 350,
  );
  expect(long).toEqual([]);
});
