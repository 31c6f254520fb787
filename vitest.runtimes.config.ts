import { defineConfig } from "vitest/config";
import { library } from "./test/runtimes/projects.js";

/** The library's tests as they are, on the files that each runtime gets: npm run test:runtimes. */
export default defineConfig({
  test: {
    projects: [library("node", { name: "node" }), library("deno", { name: "deno" })],
  },
});
