import { defineConfig } from "vitest/config";
import { libraryOn } from "./test/runtimes/library.js";

/** The library's tests as they are, on the files that each runtime gets: npm run test:runtimes. */
export default defineConfig({
  test: {
    projects: [libraryOn("node", { name: "node" }), libraryOn("deno", { name: "deno" })],
  },
});
