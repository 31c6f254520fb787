import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "./failure.js";

/** Writes all of a file or nothing, readable by nobody else. When this returns, it is on the disk. Throws Failure. */
export function writeFile(path: string, text: string): void {
  try {
    writeAllOrNothing(path, text);
  } catch (error) {
    throw new Failure(`${path} cannot be written (${(error as Error).message}): make room for it`);
  }
}

function writeAllOrNothing(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const written = `${path}.${process.pid}.tmp`;
  const file = openSync(written, "w", 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(written, path);
}
