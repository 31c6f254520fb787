import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { buildCommand } from "../tools/build.js";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command. */
export interface Command {
  /** Path of the program. */
  readonly program: string;
  /** Runs the command, and returns its output. */
  run(...args: readonly string[]): Promise<Outcome>;
}

/** Builds the command for the tests of a file. */
export function builtCommand(): Command {
  const cache = fileURLToPath(new URL("../../../node_modules/.cache", import.meta.url));
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "lacre-contract-"));
  const program = join(folder, "lacre-contract.js");
  beforeAll(async () => {
    await buildCommand(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return {
    program,
    run: (...args) =>
      new Promise((resolve) => {
        execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
        });
      }),
  };
}
