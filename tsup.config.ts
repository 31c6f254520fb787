import { defineConfig } from "tsup";

// One output file per source file: a bundled build makes one class cost the whole library in a browser bundle.
export default defineConfig({
  entry: ["src/**/*.ts"],
  bundle: false,
  format: ["esm"],
  platform: "neutral",
  target: "es2022",
  sourcemap: true,
  clean: true,
  dts: false,
});
