import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";
import { defineConfig, type Options } from "tsup";

const bundled = "src/mls/engine-library.ts";
/** The packages that `bundled` contains. The release workflow adds them to the bill of materials. */
const packages = ["hpke", "ts-mls"];

const options: Options = {
  format: ["esm"],
  platform: "neutral",
  target: "es2022",
  sourcemap: true,
  dts: false,
};

/** Returns the name, version and licence of a package as a comment that minifiers keep. */
function notice(name: string): string {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const { version } = JSON.parse(read(`node_modules/${name}/package.json`));
  const licence = read(`node_modules/${name}/${name === "hpke" ? "LICENSE.md" : "LICENSE"}`);
  return `/*!\n${name} ${version}\n\n${licence.trim()}\n*/`;
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
    banner: { js: packages.map(notice).join("\n") },
  },
]);
