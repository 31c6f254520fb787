import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";
import { defineConfig, type Options } from "tsup";

const bundled = "src/mls/engine-library.ts";
const options: Options = {
  format: ["esm"],
  platform: "neutral",
  target: "es2022",
  sourcemap: true,
  dts: false,
};

/** Returns the version and licence of ts-mls as a comment that minifiers keep. The release workflow reads it. */
function notice(): string {
  const read = (file: string) =>
    readFileSync(new URL(`node_modules/ts-mls/${file}`, import.meta.url), "utf8");
  const { version } = JSON.parse(read("package.json"));
  return `/*!\nts-mls ${version}\n\n${read("LICENSE").trim()}\n*/`;
}

/**
 * Marks the functions of ts-mls that combine encoders and decoders as free of side effects. Without this, the bundle contains all
 * encoders and decoders, of which half are not used.
 */
const withoutUnusedCodecs: Plugin = {
  name: "without unused codecs",
  setup(build) {
    const names = [
      ...["encode", "composeBufferEncoders", "contramapBufferEncoders?", "varLenTypeEncoder"],
      ...["optionalEncoder", "base64RecordEncoder", "numberRecordEncoder", "bigintMapEncoder"],
      ...["mapDecoders?(?:Option)?", "flatMapDecoder", "orDecoder", "decodeVarLenType"],
      ...["decodeOptional", "decodeBase64Record", "decodeNumberRecord", "decodeBigintMap"],
      ...["openEnumNumberEncoder", "openEnumNumberToKey", "enumNumberToKey"],
    ];
    const calls = new RegExp(`(?<!function |[\\w.])(?:${names.join("|")})\\(`, "g");
    build.onLoad({ filter: /ts-mls.*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(calls, "/* @__PURE__ */ $&"),
    }));
  },
};

export default defineConfig([
  {
    ...options,
    // One output file per source file: a bundled build makes one class cost the whole library in a browser bundle.
    entry: ["src/**/*.ts", `!${bundled}`],
    bundle: false,
    clean: true,
  },
  {
    ...options,
    entry: { "mls/engine-library": bundled },
    noExternal: [/./],
    esbuildPlugins: [withoutUnusedCodecs],
    // A map would refer to sources that are not in the package.
    sourcemap: false,
    banner: { js: notice() },
  },
]);
