import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/*
 * Bundles the program into dist/, which starts in a fifth of the time that its sources take. This is JavaScript, because a
 * checkout runs it when a source has changed.
 */

const cli = fileURLToPath(new URL("../", import.meta.url));
const root = resolve(cli, "../..");
const dist = join(cli, "dist");
/** The files that the bundle was made from. */
const inputsPath = join(dist, "inputs.json");

/** Bundles the program where that was not done, or a file that it is made from has changed since. */
export async function bundleIfStale() {
  if (isFresh()) return;
  try {
    await bundle();
  } catch (error) {
    // Not a fault of a source: the folder belongs to another user, is read-only or full.
    if (error.syscall === undefined) throw error;
    const why = `lacre-chat: ${dist} cannot be written (${error.message})`;
    if (existsSync(join(dist, "main.js"))) {
      console.error(`${why}: a source has changed, and the earlier bundle is started`);
    } else {
      console.error(`${why}: run lacre-chat --version once as the owner of the folder`);
      process.exit(1);
    }
  }
}

/** Bundles the program, and removes what is left of earlier bundles. */
async function bundleAnew() {
  const made = await bundle();
  for (const name of readdirSync(dist)) if (!made.has(name)) rmSync(join(dist, name));
}

function isFresh() {
  if (!existsSync(inputsPath)) return false;
  const { mtimeMs } = statSync(inputsPath);
  const inputs = JSON.parse(readFileSync(inputsPath, "utf8"));
  return inputs.every((path) => {
    const input = statSync(join(root, path), { throwIfNoEntry: false });
    return input !== undefined && input.mtimeMs < mtimeMs;
  });
}

async function bundle() {
  if (!existsSync(join(root, "dist"))) {
    console.error("lacre-chat: building lacre, this once…");
    execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", 2, 2] });
  }
  const { build } = await import("esbuild");
  const begun = new Date();
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(cli, "src/main.ts")],
    outdir: dist,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    // The estimator of passphrases is loaded for new chats alone.
    splitting: true,
    legalComments: "none",
    // What CommonJS packages call.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const inputs = [...Object.keys(metafile.inputs), relative(root, fileURLToPath(import.meta.url))];
  // The entry comes last, and each at once: another process may be starting.
  for (const { path, contents } of outputFiles.toReversed()) replace(path, contents);
  const licencesPath = join(dist, "LICENSES.txt");
  replace(licencesPath, licencesOf(inputs));
  replace(inputsPath, JSON.stringify(inputs), begun);
  const made = [...outputFiles.map(({ path }) => path), licencesPath, inputsPath];
  return new Set(made.map((path) => basename(path)));
}

function replace(path, contents, time) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.part`;
  try {
    writeFileSync(draft, contents);
    if (time !== undefined) utimesSync(draft, time, time);
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The licences of the packages that are bundled, which ask to be shipped with them. */
function licencesOf(inputs) {
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  const texts = [...new Set(folders)].filter(Boolean).map((folder) => {
    const name = relative("node_modules", folder.slice(folder.lastIndexOf("node_modules/")));
    const paths = ["LICENSE", "LICENSE.md", "license", "LICENSE.txt", "LICENCE"].map((file) =>
      join(root, folder, file),
    );
    const path = paths.find((one) => existsSync(one));
    return `${name}\n\n${path === undefined ? "" : readFileSync(path, "utf8")}`;
  });
  return texts.join(`\n${"-".repeat(80)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleAnew();
