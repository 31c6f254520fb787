const root = "dist/index.js";
const e2e = "dist/e2e/index.js";
const mls = "dist/mls/index.js";
const session = "dist/session/index.js";
const client = "dist/client/index.js";
const clientMls = "dist/client/mls/index.js";
const indexeddb = "dist/client/indexeddb/index.js";
const server = "dist/server/index.js";
const engine = "dist/mls/engine.js";

const everythingOf = async (...paths) =>
  Object.fromEntries(
    await Promise.all(
      paths.map(async (path) => [path, `{ ${Object.keys(await import(`./${path}`)).join(", ")} }`]),
    ),
  );

const onDemand = "dist/crypto/in-javascript.js";

// zod counts too, though it is a peer dependency; what a page loads only on demand has its own budget.
const forPages = (config) => ({ ...config, external: ["*/in-javascript.js"] });
// zod compiles the schemas on Node: its compiler counts, and its unused parts must not be in the bundle.
const forNode = (config) => ({ ...forPages(config), platform: "node" });
const alone = (config) => config;
// The MLS engine is loaded with the first MLS chat, and has its own budget.
const withoutEngine = (config) => ({ ...config, external: ["*/in-javascript.js", "*/engine.js"] });

// Storages load devices on demand; programs with MLS chats have loaded them before.
const withoutDevice = (config) => ({ ...config, external: ["*/in-javascript.js", "*/device.js"] });

const oneMessage = { [root]: "{ ChatMessage, MessageProtocol, SigningKey }" };

const budgets = [
  ["LacreError alone", { [root]: "{ LacreError }" }, "0.5 kB"],
  ["lacre, one message", oneMessage, "21.25 kB"],
  ["lacre, one message, on Node", oneMessage, "31 kB", forNode],
  ["lacre", await everythingOf(root), "27 kB"],
  ["lacre/e2e", await everythingOf(e2e), "15 kB"],
  ["lacre and lacre/e2e", await everythingOf(root, e2e), "31.25 kB"],
  ["lacre, lacre/e2e and lacre/mls", await everythingOf(root, e2e, mls), "58.25 kB", withoutEngine],
  ["lacre, lacre/e2e and lacre/session", await everythingOf(root, e2e, session), "38.5 kB"],
  ["lacre/session", await everythingOf(session), "30.75 kB"],
  ["lacre/client", await everythingOf(session, client), "35.25 kB"],
  [
    "lacre/client with IndexedDB",
    { ...(await everythingOf(session, client)), [indexeddb]: "{ indexedDbStorage }" },
    "36.5 kB",
    withoutDevice,
  ],
  [
    "storage of MLS chats in IndexedDB",
    { [indexeddb]: "{ mlsIndexedDbStorage }" },
    "3 kB",
    withoutDevice,
  ],
  ["lacre/server", await everythingOf(server), "30 kB"],
  ["MLS engine", await everythingOf(engine), "60 kB"],
  [
    "lacre/client with lacre/client/mls, without the engine",
    await everythingOf(session, client, clientMls),
    "76.5 kB",
    withoutEngine,
  ],
  ["lacre/client with MLS", await everythingOf(root, e2e, session, client, mls), "116.5 kB"],
  [
    "lacre/client with MLS and lacre/client/mls",
    await everythingOf(root, e2e, session, client, mls, clientMls),
    "129 kB",
  ],
  ["on demand, where WebCrypto is missing", await everythingOf(onDemand), "7.5 kB", alone],
];

/** Budgets of what is loaded, minified and compressed with gzip, with all dependencies in it. */
export default budgets.map(([name, imports, limit, modifyEsbuildConfig = forPages]) => ({
  name,
  import: imports,
  limit,
  gzip: true,
  modifyEsbuildConfig,
}));
