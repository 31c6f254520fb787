import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";
import { readEvents } from "./program.js";

const fixture = new CliFixture(new TestServer(), ["alice", "bob"]);
fixture.write("passphrase", "battery staple\r\n");
fixture.write("other", "another passphrase\n");
const pathOf = (name: string) => fixture.pathOf(name);
const start = (profile: string, args: string[]) => fixture.start(profile, args);
const run: typeof fixture.run = (...args) => fixture.run(...args);

describe("send, listen and chat", () => {
  it("prints messages that were sent before listen started", async () => {
    const sent = await run("alice", ["send", "bob", "hola,", "bob"]);
    expect(sent).toMatchObject({ code: 0, stdout: "  ✓ sent (1)\n" });
    expect((await run("bob", ["accept", "alice"])).code).toBe(0);
    const input = "one\u2028line\n\n \t\r\n  spaces, CRLF \r\nlast";
    expect((await run("alice", ["send", "bob", "--lines"], { input })).code).toBe(0);
    expect((await run("alice", ["send", "bob"], { input: "two\r\nlines\r\n" })).code).toBe(0);

    const listening = start("bob", ["listen", "--json"]);
    const messages = await readEvents(listening)("message", 5);
    expect(messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(messages.map((message) => message.text)).toEqual([
      "hola, bob",
      ...["one\u2028line", "  spaces, CRLF ", "last"],
      "two\nlines",
    ]);
    listening.kill("SIGTERM");
    expect(await once(listening, "exit")).toEqual([0, null]);
  });

  it("prints answers and read receipts", async () => {
    const long = "ñ".repeat(60_000);
    const alice = start("alice", ["chat", "Bob", "--json"]);
    const bob = start("bob", ["chat", "alice", "--json"]);
    alice.stdin.write(`${long}\n`);
    bob.stdin.write("\n\r\nand bob\r\n");
    const [aliceEvents, bobEvents] = [readEvents(alice), readEvents(bob)];
    // bob received message 1 to 5 in the last run, so chat --json does not print them again.
    const [toBob] = await bobEvents("message", 1);
    expect(toBob).toMatchObject({ from: "alice", text: long });
    expect((await aliceEvents("read", 1))[0]).toMatchObject({ by: "bob" });
    expect((await aliceEvents("message", 6)).at(-1)).toMatchObject({
      from: "bob",
      text: "and bob",
    });
    expect((await bobEvents("read", 1))[0]).toMatchObject({ by: "alice" });
    alice.kill();
    bob.kill();
    await Promise.all([once(alice, "exit"), once(bob, "exit")]);
  });

  it("marks messages that listen printed as read when the chat is opened, and not before", async () => {
    const { stdout } = await run("alice", ["send", "bob", "seen, not read"]);
    const seq = Number(/\d+/.exec(stdout)![0]);
    const alice = start("alice", ["chat", "bob", "--json"]);
    const aliceEvents = readEvents(alice);
    const listening = start("bob", ["listen", "--json"]);
    await readEvents(listening)("message", 1);
    listening.kill();
    await Promise.all([once(listening, "exit"), aliceEvents("online", 1)]);
    const readUpTo = async () => (await aliceEvents("read", 0)).at(-1)?.seq;
    expect(await readUpTo()).not.toBe(seq);
    const bob = start("bob", ["chat", "alice", "--json"]);
    await vi.waitUntil(async () => (await readUpTo()) === seq, { timeout: 30_000 });
    for (const child of [alice, bob]) child.kill();
    await Promise.all([once(alice, "exit"), once(bob, "exit")]);
  });

  it("prints no control characters of messages", async () => {
    await run("alice", ["send", "bob", "\u001b[2Jgone"]);
    const chat = await run("bob", ["chat", "alice"]);
    expect(chat.stdout).toContain("\u{fffd}[2Jgone");
    expect(chat.stdout).not.toContain("\u001b");
    expect(chat.code).toBe(0);
  });
});

describe("exit codes", () => {
  const failures: [string, string, string[], number, RegExp][] = [
    ["a wrong passphrase", "bob", ["chat", "alice"], 3, /wrong passphrase/],
    ["a profile without a login", "carol", ["chat", "alice"], 4, /lacre-chat login/],
    ["an unknown user", "bob", ["send", "nobody", "x"], 1, /no user of this name/],
    ["a taken username", "carol", ["register", "bob"], 1, /taken/],
    ["an invalid username", "carol", ["register", "b!"], 1, /3 to 50 letters/],
    ["an unknown command", "bob", ["shout"], 2, /unknown command/],
    ["an invalid profile name", "../bob", ["listen"], 2, /invalid profile name "\.\.\/bob"/],
  ];
  it.concurrent.each(failures)("reports %s", async (_, profile, args, code, message) => {
    const outcome = await run(profile, args, { passphrase: "other" });
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toContain("    at ");
    expect(outcome.code).toBe(code);
  });

  it("rejects a text that is too long", async () => {
    const input = `short\n${randomBytes(1_000_000).toString("base64")}\n`;
    const outcome = await run("alice", ["send", "bob", "--lines"], { input });
    expect(outcome.stdout).toMatch(/sent/);
    expect(outcome.stderr).toMatch(/✗ not sent: .*1 messages were not sent/s);
    expect(outcome.code).toBe(1);
  });

  it("reports a server that cannot be reached", async () => {
    const args = ["--server", "http://127.0.0.1:9", "login", "bob"];
    const outcome = await run("bob", args);
    expect(outcome).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("is the server running"),
    });
  });

  it("rejects changed parameters of a chat", async () => {
    const [account] = readdirSync(pathOf("lacre/bob")).filter((name) => name.includes("@"));
    const path = pathOf(`lacre/bob/${account}/pins/1.json`);
    const pin = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...pin, iterations: 500_000 }));
    const outcome = await run("bob", ["send", "alice", "secret"]);
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the server changed iterations"),
    });
  });
});

it("writes files that only their owner can read, and no passphrase", () => {
  const path = pathOf("lacre/alice/login.json");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, "utf8")).not.toMatch(/battery|horse/);
});

describe("an expired access token", () => {
  const path = () => pathOf("lacre/alice/login.json");
  const spoil = () => {
    const profile = JSON.parse(readFileSync(path(), "utf8"));
    writeFileSync(path(), JSON.stringify({ ...profile, access_token: "expired" }));
  };

  it("is renewed once for all programs of the profile", async () => {
    spoil();
    const texts = ["one", "two", "three"];
    const sent = await Promise.all(texts.map((text) => run("alice", ["send", "bob", text])));
    expect(sent.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(JSON.parse(readFileSync(path(), "utf8")).access_token).toMatch(/^eyJ/);
    expect((await run("alice", ["send", "bob", "four"])).code).toBe(0);
  });

  it("ends with the advice to log in if it cannot be renewed", async () => {
    const profile = JSON.parse(readFileSync(path(), "utf8"));
    const spoilt = { ...profile, access_token: "expired", refresh_token: "used up" };
    writeFileSync(path(), JSON.stringify(spoilt));
    const { code, stderr } = await run("alice", ["send", "bob", "text"]);
    expect(code).toBe(4);
    expect(stderr).toContain("log in again");
    expect((await run("alice", ["login", "alice"])).code).toBe(0);
    expect((await run("alice", ["send", "bob", "text"])).code).toBe(0);
  });
});
