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
 * Bundles the program into dist/. The bundle starts five times as fast as the sources. This file is JavaScript because
 * bin/lacre-chat.js imports it in a checkout.
 */

const cli = fileURLToPath(new URL("../", import.meta.url));
const root = resolve(cli, "../..");
const dist = join(cli, "dist");
/** A file with the paths of the bundle's sources. Its modification time is the time at which the bundle was begun. */
const inputsPath = join(dist, "inputs.json");

/** Bundles the program if there is no bundle, or if a source has changed since. */
export async function bundleIfStale() {
  if (isFresh()) return;
  try {
    await bundle();
  } catch (error) {
    // Continue only if dist/ cannot be written: it belongs to another user, is read-only, or the disk is full.
    if (error.syscall === undefined) throw error;
    const why = `lacre-chat: ${dist} cannot be written (${error.message})`;
    if (existsSync(join(dist, "main.js"))) {
      console.error(`${why}: a source has changed, but the earlier bundle is started`);
    } else {
      console.error(`${why}: run lacre-chat --version once as the owner of the folder`);
      process.exit(1);
    }
  }
}

/** Bundles the program, and removes the files of earlier bundles. */
async function rebundle() {
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
    console.error("lacre-chat: building lacre, which is necessary once…");
    execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: ["ignore", 2, 2] });
  }
  const { build } = await import("esbuild");
  const start = new Date();
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(cli, "src/main.ts")],
    outdir: dist,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    // The estimator of passphrase strength is a chunk of its own, loaded only for new chats.
    splitting: true,
    legalComments: "none",
    // CommonJS packages in the bundle call `require`.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const inputs = [...Object.keys(metafile.inputs), relative(root, fileURLToPath(import.meta.url))];
  // Replace each file atomically, and the entry last, because another process may be starting from the bundle.
  for (const { path, contents } of outputFiles.toReversed()) replace(path, contents);
  const licencesPath = join(dist, "LICENSES.txt");
  replace(licencesPath, licencesOf(inputs));
  replace(inputsPath, JSON.stringify(inputs), start);
  const made = [...outputFiles.map(({ path }) => path), licencesPath, inputsPath];
  return new Set(made.map((path) => basename(path)));
}

/** Replaces a file atomically, with an optional modification time. */
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

/** Returns the licence texts of the bundled packages. The licences require that copies include them. */
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

if (process.argv[1] === fileURLToPath(import.meta.url)) await rebundle();
