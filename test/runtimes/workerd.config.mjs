import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { libraryOn } from "./test/runtimes/library.js";

// Used in a copy of the tests that has Cloudflare's pool installed: see runtimes.ts.
const miniflare = { compatibilityDate: "2026-07-01", compatibilityFlags: ["nodejs_compat"] };

export default defineConfig({
  ...libraryOn("none", { name: "workerd" }),
  plugins: [cloudflareTest({ miniflare })],
});
