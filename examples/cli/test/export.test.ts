import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FailingProxy } from "../../client/test/failing-proxy.js";
import { TestServer } from "../../server/test/support.js";
import { outcomeOf, startProgram } from "./program.js";

const server = new TestServer();
const folder = mkdtempSync(join(tmpdir(), "lacre-export-test-"));
const pathOf = (name: string) => join(folder, name);
const env = () => ({
  LACRE_SERVER: server.url,
  LACRE_PASSWORD_FILE: pathOf("password"),
  LACRE_PASSPHRASE_FILE: pathOf("passphrase"),
});
const run = (profile: string, ...args: string[]) =>
  outcomeOf(startProgram(folder, ["--profile", profile, ...args], env()));
const exportTo = (output: string) => run("alice", "export", "bob", "-o", output);

beforeAll(async () => {
  await server.start();
  writeFileSync(pathOf("password"), "correct horse");
  writeFileSync(pathOf("passphrase"), "battery staple");
  await Promise.all(["alice", "bob"].map((name) => run(name, "register", name)));
  expect((await run("alice", "send", "bob", "hola")).code).toBe(0);
});
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

describe("export --output", () => {
  it("writes through a device", async () => {
    expect(await exportTo("/dev/null")).toMatchObject({ code: 0 });
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    const full = await exportTo("/dev/full");
    expect(full.stderr).toMatch(/^lacre-chat: \/dev\/full cannot be written \(ENOSPC.*\)\n$/);
    expect(full.code).toBe(1);
    expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  });

  it("writes through a FIFO", async () => {
    execFileSync("mkfifo", [pathOf("fifo")]);
    const reader = spawn("cat", [pathOf("fifo")]);
    const [outcome, read] = await Promise.all([exportTo(pathOf("fifo")), text(reader.stdout)]);
    expect(outcome.code).toBe(0);
    expect(JSON.parse(read)).toMatchObject({ text: "hola" });
    expect(lstatSync(pathOf("fifo")).isFIFO()).toBe(true);
  });

  it("can be ended while nobody reads the FIFO", async () => {
    execFileSync("mkfifo", [pathOf("unread")]);
    const asked = () => server.log.filter((line) => line.includes("/chats/1")).length;
    const before = asked();
    const args = ["--profile", "alice", "export", "bob", "-o", pathOf("unread")];
    const child = startProgram(folder, args, env());
    // The last request before the FIFO is opened.
    await expect.poll(asked, { timeout: 30_000 }).toBeGreaterThan(before);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([null, "SIGTERM"]);
  });

  it.each(["-", "/dev/stdout"])("takes %s for standard output", async (output) => {
    const { code, stdout } = await exportTo(output);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ text: "hola" });
    expect(existsSync("-")).toBe(false);
  });

  it("follows symbolic links, also to a file that does not exist yet", async () => {
    mkdirSync(pathOf("there/deeper"), { recursive: true });
    symlinkSync("there/deeper", pathOf("here"));
    symlinkSync("../file.jsonl", pathOf("there/deeper/link"));
    symlinkSync("here/link", pathOf("chain"));
    for (const before of [undefined, "something else"]) {
      if (before !== undefined) writeFileSync(pathOf("there/file.jsonl"), before, { mode: 0o644 });
      expect(await exportTo(pathOf("chain"))).toMatchObject({ code: 0 });
      expect(JSON.parse(readFileSync(pathOf("there/file.jsonl"), "utf8"))).toMatchObject({
        text: "hola",
      });
      expect(readlinkSync(pathOf("chain"))).toBe("here/link");
      expect(readlinkSync(pathOf("there/deeper/link"))).toBe("../file.jsonl");
      expect(statSync(pathOf("there/file.jsonl")).mode & 0o777).toBe(0o600);
    }
    symlinkSync("loop", pathOf("loop"));
    expect(await exportTo(pathOf("loop"))).toMatchObject({ code: 1 });
  });

  it("keeps the file that is there when it cannot be complete", async () => {
    writeFileSync(pathOf("before.jsonl"), "before", { mode: 0o600 });
    const args = ["--profile", "alice", "export", "bob", "-o", pathOf("before.jsonl")];
    await server.stop();
    expect(await outcomeOf(startProgram(folder, args, env()))).toMatchObject({ code: 5 });
    expect(readFileSync(pathOf("before.jsonl"), "utf8")).toBe("before");
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
    await server.start();
  });
});

describe("export from a malicious server", () => {
  it.each([
    ["an empty page", { messages: [], has_more: true }],
    ["a page that ends before it begins", { messages: [], has_more: true, after: 0, through: 0 }],
  ])("ends when another page follows %s", async (_, list) => {
    const proxy = await FailingProxy.start(server.url);
    const start = (...args: string[]) =>
      startProgram(folder, ["--profile", "misled", ...args], { ...env(), LACRE_SERVER: proxy.url });
    expect(await outcomeOf(start("login", "alice"))).toMatchObject({ code: 0 });
    const exporting = start("export", "bob");
    let asked = 0;
    proxy.replaces = (path) => {
      if (!path.includes("/messages")) return undefined;
      asked += 1;
      if (asked > 100) exporting.kill();
      return list;
    };
    const { code, stderr } = await outcomeOf(exporting);
    expect(stderr).toContain("answered a page of messages that leads no further");
    expect(code).toBe(1);
    proxy.close();
  });
});
