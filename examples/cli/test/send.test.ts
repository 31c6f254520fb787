import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { FailingProxy } from "../../client/test/failing-proxy.js";
import { CliFixture } from "./fixture.js";
import { ServerProcess } from "./server-process.js";

const fixture = new CliFixture(new ServerProcess(), ["alice", "bob"]);
const { server } = fixture;
const run = (profile: string, args: readonly string[], input = "") =>
  fixture.run(profile, args, { input });
const texts = () => fixture.history("bob", "alice");
const queued = () => fixture.queued("alice").length;

beforeAll(async () => {
  expect(await run("alice", ["send", "bob", "first"])).toMatchObject({ code: 0 });
  expect(await run("bob", ["open", "alice"])).toMatchObject({ code: 0 });
});

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

  it("does not create a chat for an empty text", async () => {
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

it("send --quiet prints nothing if there is no error", async () => {
  expect(await run("alice", ["send", "bob", "--quiet", "quiet"])).toEqual({
    code: 0,
    stdout: "",
    stderr: "",
  });
  expect((await texts()).at(-1)).toBe("quiet");
});

it("names a proxy without WebSocket support as the reason why nothing is sent", async () => {
  const proxy = await FailingProxy.start(server.url);
  const dora = (...args: string[]) => run("dora", ["--server", proxy.url, ...args]);
  try {
    expect(await dora("register", "dora")).toMatchObject({ code: 0 });
    const outcome = await dora("send", "bob", "--no-wait", "--timeout", "60", "hola");
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/not sent yet: 1\..*opens no WebSocket.*Upgrade/);
  } finally {
    proxy.close();
  }
});

describe("send while the server is down", () => {
  let before: unknown[];
  beforeAll(async () => {
    before = await texts();
    await server.kill();
  });

  it("ends after --timeout, and says how many messages are kept", async () => {
    const outcome = await run("alice", ["send", "bob", "--timeout", "0.5", "--quiet", "late"]);
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toMatch(/not sent yet: 1\..*does not answer.*kept here/);
    expect(queued()).toBe(1);
  });

  it("ends with --no-wait when a connection attempt has failed", async () => {
    const outcome = await run("alice", ["send", "bob", "--no-wait", "--lines"], "later\nlast\n");
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/not sent yet: 3\./);
    expect(queued()).toBe(3);
  });

  it("keeps no message for a chat that was never opened", async () => {
    const outcome = await run("alice", ["send", "nobody", "x"]);
    expect(outcome.code).not.toBe(0);
    expect(queued()).toBe(3);
  });

  it.each(["0", "-1", "soon", ""])("rejects --timeout %j", async (timeout) => {
    const outcome = await run("alice", ["send", "bob", `--timeout=${timeout}`, "x"]);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("seconds above 0") });
    expect(queued()).toBe(3);
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
    expect(queued()).toBe(5);
  });

  it("sends what was kept with the next send, once and in order", async () => {
    await server.start();
    expect(await run("alice", ["send", "bob", "now"])).toMatchObject({ code: 0 });
    const kept = ["late", "later", "last", "unanswered", "also"];
    expect(await texts()).toEqual([...before, ...kept, "now"]);
    expect(queued()).toBe(0);
  });
});

/** Starts a server that accepts connections and never answers. */
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
