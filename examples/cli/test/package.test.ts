import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lacre-package-test-"));
const server = new TestServer();

beforeAll(() => server.start());
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

it("the packed program runs after installation without the repository", async () => {
  const quiet = { cwd: folder, stdio: "pipe" } as const;
  execFileSync("npm", ["pack", "-w", "examples/cli", "--pack-destination", folder], {
    ...quiet,
    cwd: root,
  });
  const [tarball] = readdirSync(folder);
  const install = ["install", "--global", "--offline", "--prefix", join(folder, "prefix")];
  execFileSync("npm", [...install, join(folder, tarball!)], quiet);
  const installed = readdirSync(join(folder, "prefix/lib/node_modules/lacre-cli"));
  expect(installed.sort()).toEqual(["README.md", "bin", "dist", "package.json"]);

  writeFileSync(join(folder, "secret"), "olive battery staple harbor");
  const env = {
    PATH: process.env.PATH,
    LACRE_SERVER: server.url,
    LACRE_PASSWORD_FILE: join(folder, "secret"),
    LACRE_PASSPHRASE_FILE: join(folder, "secret"),
    XDG_CONFIG_HOME: folder,
    XDG_STATE_HOME: folder,
  };
  const run = (...args: string[]) =>
    promisify(execFile)(join(folder, "prefix/bin/lacre-chat"), args, { env, cwd: folder });
  expect((await run("--version")).stdout).toMatch(/^lacre-chat \d/);
  for (const name of ["alice", "bob"]) await run("--profile", name, "register", name);
  // Creating a chat loads the parts of the bundle that are not loaded at the start.
  await run("--profile", "alice", "send", "bob", "hola");
  const { stdout } = await run("--profile", "bob", "history", "alice");
  expect(stdout).toContain("alice: hola");
});
