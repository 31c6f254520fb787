import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, it } from "vitest";
import { FailingProxy } from "../../client/test/failing-proxy.js";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";
import { outcomeOf } from "./program.js";

const fixture = new CliFixture(new TestServer(), ["alice", "bob"]);
const { server } = fixture;
const pathOf = (name: string) => fixture.pathOf(name);
const startExport = (output: string) => fixture.start("alice", ["export", "bob", "-o", output]);
const exportTo = (output: string) => outcomeOf(startExport(output));

beforeAll(async () => {
  expect(await fixture.run("alice", ["send", "bob", "hola"])).toMatchObject({ code: 0 });
});

describe("export --output", () => {
  it("writes to a device", async () => {
    expect(await exportTo("/dev/null")).toMatchObject({ code: 0 });
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    const full = await exportTo("/dev/full");
    expect(full.stderr).toMatch(/^lacre-chat: \/dev\/full cannot be written \(ENOSPC.*\)\n$/);
    expect(full.code).toBe(1);
    expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  });

  it("writes to a FIFO", async () => {
    execFileSync("mkfifo", [pathOf("fifo")]);
    const reader = spawn("cat", [pathOf("fifo")]);
    const [outcome, read] = await Promise.all([exportTo(pathOf("fifo")), text(reader.stdout)]);
    expect(outcome.code).toBe(0);
    expect(JSON.parse(read)).toMatchObject({ text: "hola" });
    expect(lstatSync(pathOf("fifo")).isFIFO()).toBe(true);
  });

  it("can be stopped while it waits for a reader of the FIFO", async () => {
    execFileSync("mkfifo", [pathOf("unread")]);
    const requests = () => server.log.filter((line) => line.includes("/chats/1")).length;
    const before = requests();
    const child = startExport(pathOf("unread"));
    // The request for /chats/1 is the last one before the program opens the FIFO.
    await expect.poll(requests, { timeout: 30_000 }).toBeGreaterThan(before);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([null, "SIGTERM"]);
  });

  it.each(["-", "/dev/stdout"])("treats %s as standard output", async (output) => {
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

  it("does not change an existing file if the export fails", async () => {
    writeFileSync(pathOf("before.jsonl"), "before", { mode: 0o600 });
    await server.stop();
    expect(await exportTo(pathOf("before.jsonl"))).toMatchObject({ code: 5 });
    expect(readFileSync(pathOf("before.jsonl"), "utf8")).toBe("before");
    expect(readdirSync(fixture.folder).filter((name) => name.endsWith(".part"))).toEqual([]);
    await server.start();
  });
});

describe("export from a malicious server", () => {
  it.each([
    ["an empty page", { messages: [], has_more: true }],
    ["a page that ends before it begins", { messages: [], has_more: true, after: 0, through: 0 }],
  ])("ends with an error after %s if another page is announced", async (_, list) => {
    const proxy = await FailingProxy.start(server.url);
    const atProxy = ["--server", proxy.url];
    expect(await fixture.run("misled", [...atProxy, "login", "alice"])).toMatchObject({ code: 0 });
    const exporting = fixture.start("misled", [...atProxy, "export", "bob"]);
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
