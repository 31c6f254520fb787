import { defineConfig, type Plugin } from "vite";

const SERVICE_WORKER = "service-worker";

/** Tells the service worker which files make the page, so that it can keep them together. */
function listShell(): Plugin {
  return {
    name: "list-shell",
    generateBundle(_, bundle) {
      // What is loaded on demand needs a connection anyway: to begin a chat does.
      const onDemand = (name: string) => {
        const file = bundle[name];
        return file?.type === "chunk" && file.isDynamicEntry;
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
  // Addresses relative to the page's own, so that one build is served under every path.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The policy of the page allows no data: addresses, and every file has a hash in its name.
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
