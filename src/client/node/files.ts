import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bytes } from "../../bytes.js";

// Files that only their owner can read. Written data is on disk when these functions resolve.

/** Suffix of a file that is being written. */
const INCOMPLETE = ".part";

/** Writes a file completely or not at all. */
export function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  return changeFiles(dirname(path), [[path, data]]);
}

/** Writes files of a folder, each completely or not at all, and removes those without data. */
export async function changeFiles(
  folder: string,
  changes: Iterable<readonly [path: string, data: string | Uint8Array | undefined]>,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [path, data] of changes) {
    if (data === undefined) await rm(path, { force: true });
    else await replace(path, data);
  }
  await syncFolder(folder);
}

async function replace(path: string, data: string | Uint8Array): Promise<void> {
  const draft = `${path}${INCOMPLETE}`;
  try {
    await writeTo(draft, "w", data);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Removes the files of a folder that were not written completely. */
export async function removeIncomplete(folder: string): Promise<void> {
  for (const name of await namesIn(folder))
    if (name.endsWith(INCOMPLETE)) await remove(join(folder, name));
}

export async function append(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeTo(path, "a", text);
  await syncFolder(dirname(path));
}

/** Removes a file or a folder, if it exists. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await unlessMissing(syncFolder(dirname(path)));
}

/** Returns the text of a file, or undefined if it does not exist. */
export function readText(path: string): Promise<string | undefined> {
  return unlessMissing(readFile(path, "utf8"));
}

/** Returns the bytes of a file, or undefined if it does not exist. */
export async function readBytes(path: string): Promise<Bytes | undefined> {
  const bytes = await unlessMissing(readFile(path));
  // A copy, because small Buffers share memory with others.
  return bytes && new Uint8Array(bytes);
}

/** Returns the sorted names in a folder. Returns none if it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return ((await unlessMissing(readdir(folder))) ?? []).sort();
}

async function writeTo(path: string, flags: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes the names in a folder to disk. Windows cannot, and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const file = await open(folder, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function unlessMissing<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
