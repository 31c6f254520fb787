import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rollup } from "rollup";
import { build as vite } from "vite";
import webpack from "webpack";

/** Bundles an entry for browsers with the bundler's defaults. Returns all scripts that the page may load, joined. */
export type Bundle = (entry: string) => Promise<string>;

export const bundlers: Readonly<Record<string, Bundle>> = {
  async esbuild(entry) {
    const { outputFiles } = await esbuild({
      entryPoints: [entry],
      bundle: true,
      format: "esm",
      splitting: true,
      outdir: "out",
      write: false,
    });
    return outputFiles.map(({ text }) => text).join("\n");
  },

  async vite(entry) {
    const result = await vite({
      root: dirname(entry),
      configFile: false,
      logLevel: "error",
      build: {
        write: false,
        minify: false,
        lib: { entry, formats: ["es"] },
      },
    });
    return codeOf((result as { output: object[] }[])[0]!.output);
  },

  async rollup(entry) {
    const plugins = [nodeResolve({ browser: true })];
    const bundle = await rollup({ input: entry, plugins, logLevel: "silent" });
    return codeOf((await bundle.generate({ format: "es" })).output);
  },

  async webpack(entry) {
    const path = join(dirname(entry), `${basename(entry)}.out`);
    const compiler = webpack({
      entry,
      mode: "production",
      target: "web",
      output: { path },
      optimization: { minimize: false },
    });
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) =>
      compiler.run((error, result) => (error ? reject(error) : resolve(result))),
    );
    if (stats?.hasErrors()) throw new Error(stats.toString("errors-only"));
    return readdirSync(path)
      .map((name) => readFileSync(join(path, name), "utf8"))
      .join("\n");
  },
};

function codeOf(output: readonly object[]): string {
  return output.map((file) => ("code" in file ? file.code : "")).join("\n");
}
