import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** A checkout with a copy of examples/cli and links to everything else. */
const checkout = mkdtempSync(join(tmpdir(), "lacre-bundle-test-"));
const cli = join(checkout, "examples/cli");
const program = join(cli, "bin/lacre-chat.js");

beforeAll(() => {
  for (const name of ["bin", "src", "tools", "package.json"]) {
    cpSync(join(root, "examples/cli", name), join(cli, name), { recursive: true });
  }
  for (const name of ["dist", "node_modules", "examples/cli/node_modules"]) {
    symlinkSync(join(root, name), join(checkout, name));
  }
});
afterAll(() => rmSync(checkout, { recursive: true }));

const run = promisify(execFile);
const printVersion = () => run(process.execPath, [program, "--version"]);
/** Forbids writing with a file size limit, because root can write to read-only folders. */
const printVersionWithoutWriting = () =>
  run("/bin/sh", ["-c", 'ulimit -f 0; exec "$0" "$1" --version', process.execPath, program]);

function changeSource(): void {
  appendFileSync(join(cli, "src/main.ts"), "\n");
}

it("bundles once when several programs start together", async () => {
  for (const { stdout } of await Promise.all([printVersion(), printVersion(), printVersion()])) {
    expect(stdout).toMatch(/^lacre-chat \d/);
  }
});

it("starts the earlier bundle with a warning if no new one can be written", async () => {
  await printVersion();
  changeSource();
  const { stdout, stderr } = await printVersionWithoutWriting();
  expect(stdout).toMatch(/^lacre-chat \d/);
  expect(readdirSync(join(cli, "dist")).filter((name) => name.endsWith(".part"))).toEqual([]);
  expect(stderr).toContain("the earlier bundle is started");
});

it("says what to do if there is no bundle and none can be written", async () => {
  rmSync(join(cli, "dist"), { recursive: true, force: true });
  const failed = await printVersionWithoutWriting().catch((error) => error);
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(/^lacre-chat: .* cannot be written \(EFBIG.*\): .*\n$/);
});
