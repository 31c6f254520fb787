import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { CliFixture } from "./fixture.js";
import { outcomeOf, recordsOf, startProgram } from "./program.js";

const fixture = new CliFixture(new TestServer(), ["alice", "bob", "bobby"]);
const { server } = fixture;
const pathOf = (name: string) => fixture.pathOf(name);

/** Runs the program with environment variables instead of options. */
function run(profile: string, args: readonly string[], { passphrase = true } = {}) {
  const env = {
    LACRE_PROFILE: profile,
    LACRE_SERVER: server.url,
    LACRE_PASSWORD_FILE: pathOf("password"),
    ...(passphrase && { LACRE_PASSPHRASE_FILE: pathOf("passphrase") }),
  };
  return outcomeOf(startProgram(fixture.folder, args, env));
}

describe("the account of a profile", () => {
  it("prints who is logged in, and the users of a search", async () => {
    const [me, found, notFound, chats] = await Promise.all([
      run("alice", ["whoami", "--json"]),
      run("alice", ["search", "bob"]),
      run("alice", ["search", "zz"]),
      run("alice", ["chats"]),
    ]);
    expect(recordsOf(me.stdout)).toMatchObject([{ username: "alice", profile: "alice" }]);
    expect(found).toMatchObject({ code: 0, stdout: "bob\nbobby\n" });
    expect(notFound).toMatchObject({ code: 0, stdout: "" });
    expect(chats.stderr).toContain("lacre-chat chat USER");
  });

  it("does not ask for a passphrase again if keys are kept", async () => {
    const asked = await run("alice", ["open", "bob"], { passphrase: false });
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("--passphrase-file") });
    expect((await run("alice", ["config", "keys", "keep"])).code).toBe(0);
    expect((await run("alice", ["open", "bob"])).code).toBe(0);
    const sent = await run("alice", ["send", "bob", "hola"], { passphrase: false });
    expect(sent).toMatchObject({ code: 0, stdout: "  ✓ sent (1)\n" });
    const paths = readdirSync(pathOf("lacre/alice"), { recursive: true, encoding: "utf8" });
    for (const path of paths) expect(statSync(pathOf(`lacre/alice/${path}`)).mode & 0o077).toBe(0);
    const written = paths
      .map((path) => pathOf(`lacre/alice/${path}`))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, "utf8"));
    expect(written.join()).not.toMatch(/battery|horse|hola/);
  });

  it("prints and exports the history of a chat", async () => {
    await run("bob", ["send", "alice", "buenas\ntardes \u009b2J"]);
    const output = pathOf("chat.jsonl");
    const [shown, json, list, exported] = await Promise.all([
      run("alice", ["history", "bob"]),
      run("alice", ["history", "bob", "--limit", "1", "--json"]),
      run("alice", ["chats"]),
      run("alice", ["export", "bob", "--output", output]),
    ]);
    expect(shown.stdout).toMatch(/^\d\d:\d\d alice: hola\n\d\d:\d\d bob: buenas\n {6}tardes /);
    expect(shown.stdout).not.toContain("\u009b");
    expect(json.stdout).not.toContain("\u009b");
    expect(recordsOf(json.stdout)).toMatchObject([
      { seq: 2, from: "bob", text: "buenas\ntardes \u009b2J" },
    ]);
    expect(list.stdout).toBe("bob\t1 unread\n");
    expect(exported).toMatchObject({ code: 0, stderr: expect.stringContaining("2 messages") });
    expect(statSync(output).mode & 0o777).toBe(0o600);
    const texts = recordsOf(readFileSync(output, "utf8")).map(({ text }) => text);
    expect(texts).toEqual(["hola", "buenas\ntardes \u009b2J"]);
  });

  it("prints kept history without a server", async () => {
    await run("alice", ["config", "history", "ciphertext"]);
    await run("alice", ["history", "bob"]);
    const chat = await run("alice", ["chat", "bob"]);
    expect(chat.stdout).toContain("buenas");
    await server.stop();
    const kept = await run("alice", ["history", "bob"], { passphrase: false });
    expect(kept.stdout).toMatch(/hola\n.*buenas/);
    expect(kept.stderr).toContain("cannot be reached");
    expect(await run("alice", ["peers"])).toEqual({ code: 0, stdout: "bob\n", stderr: "" });
    expect(await run("alice", ["search", "bob"])).toMatchObject({ code: 5 });
  });

  it("removes tokens and keys at logout", async () => {
    const loggedOut = await run("alice", ["logout"]);
    expect(loggedOut).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("the login stays valid there"),
    });
    expect(existsSync(pathOf("lacre/alice/login.json"))).toBe(false);
    const left = readdirSync(pathOf("lacre/alice"), { recursive: true, encoding: "utf8" });
    expect(left.filter((path) => /keys\/\d/.test(path))).toEqual([]);
    expect(await run("alice", ["whoami"])).toMatchObject({ code: 4 });
  });
});

it("prints the configuration, and rejects unknown keys and values", async () => {
  const [all, wrong, unknown] = await Promise.all([
    run("carol", ["config"]),
    run("carol", ["config", "keys", "always"]),
    run("carol", ["config", "colour", "red"]),
  ]);
  expect(all.stdout).toBe("server\t(not set)\nhistory\tnothing\nkeys\task\n");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("ask or keep") });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("server, history") });
});

it("does not use tokens for another server", async () => {
  const elsewhere = await run("bob", ["--server", "http://127.0.0.1:9", "chats"]);
  expect(elsewhere).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("another --profile"),
  });
});

it("prints its version", async () => {
  const { code, stdout } = await run("alice", ["--version"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^lacre-chat \d+\.\d+\.\d+\n$/);
});

it("completes commands, options, values and users in bash", async () => {
  const { stdout } = await run("bob", ["completion", "bash"]);
  // A stand-in for the program that prints its arguments, so that the test sees how names are requested.
  const program = pathOf("lacre-chat");
  writeFileSync(program, '#!/bin/sh\necho "bob_asked_$*" | tr " " _\n', { mode: 0o700 });
  const complete = (...typed: string[]) => {
    const words = [program, ...typed].map((word) => `'${word}'`).join(" ");
    const script = `${stdout}\nCOMP_WORDS=(${words}); COMP_CWORD=${typed.length}; _lacre_chat; echo "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim();
  };
  expect(complete("hist")).toBe("history");
  expect(complete("send", "bo")).toBe("bob_asked_peers_send");
  expect(complete("--profile", "chat", "history", "bo")).toBe(
    "bob_asked_--profile_chat_peers_history",
  );
  expect(complete("send", "bob", "bo")).toBe("");
  expect(complete("send", "bob", "--li")).toBe("--lines");
  expect(complete("--profile", "x", "config", "ke")).toBe("keys");
});

it.each([
  "chat.example",
  "https://user:password@chat.example",
  "https://chat.example/?a",
  "ftp://a",
])("rejects --server %s before it asks for anything", async (server) => {
  const { code, stderr } = await run("bob", ["--server", server, "chats"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("invalid server address")]);
});
