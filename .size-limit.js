const root = "dist/index.js";
const e2e = "dist/e2e/index.js";
const session = "dist/session/index.js";

const everythingOf = async (...paths) =>
  Object.fromEntries(
    await Promise.all(
      paths.map(async (path) => [path, `{ ${Object.keys(await import(`./${path}`)).join(", ")} }`]),
    ),
  );

const onDemand = "dist/crypto/in-javascript.js";

const budgets = [
  ["LacreError alone", { [root]: "{ LacreError }" }, "0.5 kB"],
  ["lacre, one message", { [root]: "{ ChatMessage, MessageProtocol, SigningKey }" }, "20 kB"],
  ["lacre", await everythingOf(root), "23 kB"],
  ["lacre/e2e", await everythingOf(e2e), "15 kB"],
  ["lacre and lacre/e2e", await everythingOf(root, e2e), "28.5 kB"],
  ["lacre, lacre/e2e and lacre/session", await everythingOf(root, e2e, session), "33 kB"],
  ["on demand, where WebCrypto is missing", await everythingOf(onDemand), "7.5 kB"],
];

const modifyEsbuildConfig = (config) => ({
  ...config,
  // zod counts too, though it is a peer dependency; what a page loads only on demand has its own budget.
  external: ["*/in-javascript.js"],
});

/** Budgets of what a page loads, minified and compressed with gzip, with all dependencies in it. */
export default budgets.map(([name, imports, limit]) => ({
  name,
  import: imports,
  limit,
  gzip: true,
  modifyEsbuildConfig: imports[onDemand] ? undefined : modifyEsbuildConfig,
}));
