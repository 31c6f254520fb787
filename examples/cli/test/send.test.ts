import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FailingProxy } from "../../client/test/failing-proxy.js";
import { outcomeOf, startProgram } from "./program.js";
import { ServerProcess } from "./server-process.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-send-test-"));
const server = new ServerProcess(join(folder, "server.db"));
const secrets = ["password", "passphrase"].flatMap((secret) => [
  `--${secret}-file`,
  join(folder, secret),
]);

beforeAll(async () => {
  await server.start();
  writeFileSync(join(folder, "password"), "correct horse");
  writeFileSync(join(folder, "passphrase"), "battery staple");
  await Promise.all(["alice", "bob"].map((name) => run(name, ["register", name])));
  expect(await run("alice", ["send", "bob", "first"])).toMatchObject({ code: 0 });
  expect(await run("bob", ["open", "alice"])).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});

const start = (profile: string, args: readonly string[]) =>
  startProgram(folder, ["--profile", profile, "--server", server.url, ...secrets, ...args]);
const run = (profile: string, args: readonly string[], input = "") =>
  outcomeOf(start(profile, args), input);

async function texts(): Promise<string[]> {
  const { stdout } = await run("bob", ["history", "alice", "--json", "--limit", "100"]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).text);
}

/** How many messages of alice wait to be sent. */
const waiting = () =>
  readdirSync(join(folder, "lacre/alice"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /outbox.*\.json$/.test(name),
  ).length;

describe("send with nothing to send", () => {
  it.each([
    ["an empty argument", [""], ""],
    ["arguments of white space", [" ", "\t"], ""],
    ["empty standard input", [], ""],
    ["standard input of line ends", [], "\r\n\n"],
  ])("rejects %s", async (_, args, input) => {
    const outcome = await run("alice", ["send", "bob", ...args], input);
    expect(outcome).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("the text is empty: nothing was sent"),
    });
    expect(await texts()).toEqual(["first"]);
  });

  it("does not begin a chat for it", async () => {
    await run("carol", ["register", "carol"]);
    expect(await run("carol", ["send", "bob", ""])).toMatchObject({ code: 2 });
    expect(await run("carol", ["chats"])).toMatchObject({ code: 0, stdout: "" });
  });

  it("skips blank lines with --lines", async () => {
    expect(await run("alice", ["send", "bob", "--lines"], "\n \r\n\t\n")).toMatchObject({
      code: 0,
      stdout: "",
    });
    const input = "\r\nuno\r\n\n  dos \n \r\n\r\ntres\r";
    expect(await run("alice", ["send", "bob", "--lines"], input)).toMatchObject({ code: 0 });
    expect(await texts()).toEqual(["first", "uno", "  dos ", "tres"]);
  });
});

it("send writes line ends inside a text as LF", async () => {
  await run("alice", ["send", "bob", "a\r\nb"]);
  await run("alice", ["send", "bob"], "c\r\nd\r\n");
  expect((await texts()).slice(-2)).toEqual(["a\nb", "c\nd"]);
});

it("send --quiet prints nothing when all goes well", async () => {
  expect(await run("alice", ["send", "bob", "--quiet", "quiet"])).toEqual({
    code: 0,
    stdout: "",
    stderr: "",
  });
  expect((await texts()).at(-1)).toBe("quiet");
});

it("names a proxy that passes no WebSocket as the reason why nothing is sent", async () => {
  const proxy = await FailingProxy.start(server.url);
  const dora = (...args: string[]) => run("dora", ["--server", proxy.url, ...args]);
  try {
    expect(await dora("register", "dora")).toMatchObject({ code: 0 });
    const outcome = await dora("send", "bob", "--timeout", "3", "hola");
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toMatch(/not sent yet: 1\..*opens no WebSocket.*Upgrade/);
  } finally {
    proxy.close();
  }
});

describe("send with the server away", () => {
  let before: string[];
  beforeAll(async () => {
    before = await texts();
    await server.kill();
  });

  it("gives up after --timeout, and says what is kept", async () => {
    const outcome = await run("alice", ["send", "bob", "--timeout", "0.5", "--quiet", "late"]);
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toMatch(/not sent yet: 1\..*does not answer.*kept here/);
    expect(waiting()).toBe(1);
  });

  it("ends with --no-wait once a connection attempt has failed", async () => {
    const outcome = await run("alice", ["send", "bob", "--no-wait", "--lines"], "later\nlast\n");
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/not sent yet: 3\./);
    expect(waiting()).toBe(3);
  });

  it("says that nothing is kept for a chat that was never opened", async () => {
    const outcome = await run("alice", ["send", "nobody", "x"]);
    expect(outcome.code).not.toBe(0);
    expect(waiting()).toBe(3);
  });

  it.each(["0", "-1", "soon", ""])("rejects --timeout %j", async (timeout) => {
    const outcome = await run("alice", ["send", "bob", `--timeout=${timeout}`, "x"]);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("seconds above 0") });
    expect(waiting()).toBe(3);
  });

  it("keeps a text when a server accepts connections and does not answer", async () => {
    const silent = await listen(new URL(server.url).port);
    try {
      const outcome = await run("alice", ["send", "bob", "--timeout", "1", "unanswered"]);
      expect(outcome.code).toBe(5);
      expect(outcome.stderr).toContain("not sent yet: 4.");
      expect(
        await run("alice", ["send", "bob", "--no-wait", "--timeout", "1", "also"]),
      ).toMatchObject({ code: 0, stderr: expect.stringContaining("not sent yet: 5.") });
    } finally {
      await silent.close();
    }
    expect(waiting()).toBe(5);
  });

  it("sends what was kept with the next send, once and in order", async () => {
    await server.start();
    expect(await run("alice", ["send", "bob", "now"])).toMatchObject({ code: 0 });
    const kept = ["late", "later", "last", "unanswered", "also"];
    expect(await texts()).toEqual([...before, ...kept, "now"]);
    expect(waiting()).toBe(0);
  });
});

/** A server that accepts connections and never answers. */
async function listen(port: string): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const silent: Server = createServer((socket) => void sockets.add(socket.on("error", () => {})));
  silent.listen(Number(port), "127.0.0.1");
  await once(silent, "listening");
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await once(silent, "close");
    },
  };
}
