import { defineConfig, type Plugin } from "vite";

const SERVICE_WORKER = "service-worker";

/** Writes the names of the page's files into the service worker, which caches them together. */
function listShell(): Plugin {
  return {
    name: "list-shell",
    generateBundle(_, bundle) {
      // Word lists and estimator are left out: they serve to begin a chat, which needs a connection. Groups work without one.
      const onDemand = (name: string) => {
        const file = bundle[name];
        const isDynamic = file?.type === "chunk" && file.isDynamicEntry;
        return isDynamic && !/groups?|\/mls\//.test(file.facadeModuleId ?? "");
      };
      const files = Object.keys(bundle).filter(
        (name) => name.startsWith("assets/") && !onDemand(name),
      );
      const worker = bundle[`${SERVICE_WORKER}.js`];
      if (worker?.type !== "chunk") throw new Error("the service worker was not built");
      worker.code = worker.code.replace("__SHELL__", JSON.stringify(files.sort()));
    },
  };
}

export default defineConfig({
  plugins: [listShell()],
  // Relative addresses, so that one build can be served under every path.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // Inline no assets, as the page's policy forbids `data:` addresses.
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: {
      input: { main: "index.html", [SERVICE_WORKER]: "src/service-worker.ts" },
      output: {
        entryFileNames: ({ name }) =>
          name === SERVICE_WORKER ? "[name].js" : "assets/[name]-[hash].js",
      },
    },
  },
  server: { proxy: { "^/(auth|users|chats|ws)": { target: "http://127.0.0.1:8000", ws: true } } },
});
