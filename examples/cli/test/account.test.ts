import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { outcomeOf, startProgram } from "./program.js";

const server = new TestServer();
const folder = mkdtempSync(join(tmpdir(), "lacre-account-test-"));
const pathOf = (name: string) => join(folder, name);

beforeAll(async () => {
  await server.start();
  writeFileSync(pathOf("password"), "correct horse\n");
  writeFileSync(pathOf("passphrase"), "battery staple\n");
  await Promise.all(["alice", "bob", "bobby"].map((name) => run(name, ["register", name])));
});
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

/** With what a person would answer in files, or without. */
function run(profile: string, args: string[], { passphrase = true } = {}) {
  const env = {
    LACRE_PROFILE: profile,
    LACRE_SERVER: server.url,
    LACRE_PASSWORD_FILE: pathOf("password"),
    ...(passphrase && { LACRE_PASSPHRASE_FILE: pathOf("passphrase") }),
  };
  return outcomeOf(startProgram(folder, args, env));
}

const records = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("alice finds her way", () => {
  it("she looks who she is and who is there", async () => {
    const [me, found, nobody, none] = await Promise.all([
      run("alice", ["whoami", "--json"]),
      run("alice", ["search", "bob"]),
      run("alice", ["search", "zz"]),
      run("alice", ["chats"]),
    ]);
    expect(records(me.stdout)).toMatchObject([{ username: "alice", profile: "alice" }]);
    expect(found).toMatchObject({ code: 0, stdout: "bob\nbobby\n" });
    expect(nobody).toMatchObject({ code: 0, stdout: "" });
    expect(none.stderr).toContain("lacre-chat chat USER");
  });

  it("she has the chat's key kept, and is asked for the passphrase no more", async () => {
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

  it("she reads the chat again, and takes it with her", async () => {
    await run("bob", ["send", "alice", "buenas\ntardes \u009b2J"]);
    const output = pathOf("chat.jsonl");
    const [shown, told, list, exported] = await Promise.all([
      run("alice", ["history", "bob"]),
      run("alice", ["history", "bob", "--limit", "1", "--json"]),
      run("alice", ["chats"]),
      run("alice", ["export", "bob", "--output", output]),
    ]);
    expect(shown.stdout).toMatch(/^\d\d:\d\d alice: hola\n\d\d:\d\d bob: buenas\n {6}tardes /);
    expect(shown.stdout).not.toContain("\u009b");
    expect(told.stdout).not.toContain("\u009b");
    expect(records(told.stdout)).toMatchObject([
      { seq: 2, from: "bob", text: "buenas\ntardes \u009b2J" },
    ]);
    expect(list.stdout).toBe("bob\t1 unread\n");
    expect(exported).toMatchObject({ code: 0, stderr: expect.stringContaining("2 messages") });
    expect(statSync(output).mode & 0o777).toBe(0o600);
    const texts = records(readFileSync(output, "utf8")).map(({ text }) => text);
    expect(texts).toEqual(["hola", "buenas\ntardes \u009b2J"]);
  });

  it("without a server she reads what she chose to have kept", async () => {
    await run("alice", ["config", "history", "ciphertext"]);
    await run("alice", ["history", "bob"]);
    const chat = await run("alice", ["chat", "bob"]);
    expect(chat.stdout).toContain("buenas");
    await server.stop();
    const kept = await run("alice", ["history", "bob"], { passphrase: false });
    expect(kept.stdout).toMatch(/hola\n.*buenas/);
    expect(kept.stderr).toContain("cannot be reached");
    expect(await run("alice", ["search", "bob"])).toMatchObject({ code: 5 });
  });

  it("she logs out, and what only she may have is gone", async () => {
    const gone = await run("alice", ["logout"]);
    expect(gone).toMatchObject({ code: 0, stderr: expect.stringContaining("could not be told") });
    expect(existsSync(pathOf("lacre/alice/login.json"))).toBe(false);
    const left = readdirSync(pathOf("lacre/alice"), { recursive: true, encoding: "utf8" });
    expect(left.filter((path) => /keys\/\d/.test(path))).toEqual([]);
    expect(await run("alice", ["whoami"])).toMatchObject({ code: 4 });
  });
});

it("a profile's choices are shown, and made of what there is", async () => {
  const [all, wrong, unknown] = await Promise.all([
    run("carol", ["config"]),
    run("carol", ["config", "keys", "always"]),
    run("carol", ["config", "colour", "red"]),
  ]);
  expect(all.stdout).toBe("server\t(not set)\nhistory\tnothing\nkeys\task\n");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("ask or keep") });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("server, history") });
});

it("a login's tokens are for its own server", async () => {
  const elsewhere = await run("bob", ["--server", "http://127.0.0.1:9", "chats"]);
  expect(elsewhere).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("another --profile"),
  });
});

it("bash completes what it is told to complete", async () => {
  const { stdout } = await run("alice", ["completion", "bash"]);
  const complete = (...typed: string[]) => {
    const words = ["lacre-chat", ...typed].map((word) => `'${word}'`).join(" ");
    const script = `${stdout}\nCOMP_WORDS=(${words}); COMP_CWORD=${typed.length}; _lacre_chat; echo "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim();
  };
  expect(complete("hist")).toBe("history");
  expect(complete("send", "bob", "--li")).toBe("--lines");
  expect(complete("--profile", "x", "config", "ke")).toBe("keys");
});
