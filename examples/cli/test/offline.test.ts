import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TcpProxy } from "../../web/test/proxy.js";
import { listenTo, outcomeOf, startProgram } from "./program.js";
import { ServerProcess } from "./server-process.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-offline-test-"));
const server = new ServerProcess(join(folder, "server.db"));

beforeAll(async () => {
  await server.start();
  writeFileSync(join(folder, "password"), "correct horse");
  writeFileSync(join(folder, "passphrase"), "battery staple");
  // One after the other: alice is user 1.
  for (const name of ["alice", "bob"]) await outcomeOf(start(name, ["register", name]));
});
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});

function start(profile: string, args: string[]) {
  const secrets = ["password", "passphrase"].flatMap((secret) => [
    `--${secret}-file`,
    join(folder, secret),
  ]);
  return startProgram(folder, ["--profile", profile, "--server", server.url, ...secrets, ...args]);
}

/** The files of alice's outbox. */
function outbox(): string[] {
  const names = readdirSync(join(folder, "lacre", "alice"), {
    recursive: true,
    encoding: "utf8",
  });
  return names
    .filter((name) => /outbox.*\.json$/.test(name))
    .map((name) => join(folder, "lacre", "alice", name));
}

const textsOf = (events: Record<string, unknown>[]) => events.map(({ text }) => text);

it("delivers texts that were written before, during and after an outage once and in order", async () => {
  const [alice, bob] = [
    start("alice", ["chat", "bob", "--json"]),
    start("bob", ["chat", "alice", "--json"]),
  ];
  const [aliceSees, bobSees] = [listenTo(alice), listenTo(bob)];
  await Promise.all([aliceSees("online", 1), bobSees("online", 1)]);
  const written: string[] = [];
  const write = (...lines: string[]) => {
    written.push(...lines);
    for (const line of lines) alice.stdin.write(`${line}\n`);
  };
  write("before", "and as it dies");
  await server.kill();
  write("the server", "is", "not there");
  await Promise.all([aliceSees("offline", 1), bobSees("offline", 1)]);
  write("while it is known");
  await server.start();
  await Promise.all([aliceSees("online", 2), bobSees("online", 2)]);
  write("after");
  expect(textsOf(await bobSees("message", written.length))).toEqual(written);
  expect(textsOf(await aliceSees("sent", written.length))).toEqual(written);
  const seqs = (await aliceSees("sent", written.length)).map(({ seq }) => seq);
  expect(seqs).toEqual(written.map((_, at) => at + 1));
  await vi.waitUntil(async () => (await aliceSees("read", 1)).at(-1)?.seq === written.length);
  alice.kill();
  expect(await once(alice, "exit")).toEqual([0, null]);

  bob.stdin.write("and an answer\n");
  await bobSees("sent", 1);
  // Nothing came twice, or late.
  expect(await bobSees("message", 0)).toHaveLength(written.length);
  bob.kill();
  expect(outbox()).toEqual([]);
});

it("sends texts of a killed program once when the program starts again", async () => {
  await server.kill();
  const killed = start("alice", ["chat", "bob", "--json"]);
  const lines = ["kept one", "kept two", "kept three"];
  killed.stdin.write(`${lines.join("\n")}\n`);
  await listenTo(killed)("offline", 1);
  await vi.waitUntil(() => outbox().length === lines.length, { timeout: 10_000 });
  for (const path of outbox()) {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).not.toContain("kept ");
  }
  killed.kill("SIGKILL");
  await once(killed, "exit");

  const alice = start("alice", ["chat", "bob", "--json"]);
  const aliceSees = listenTo(alice);
  await aliceSees("offline", 1);
  alice.stdin.write("and one more\n");
  await server.start();
  expect(textsOf(await aliceSees("sent", 4))).toEqual([...lines, "and one more"]);
  expect(textsOf(await aliceSees("message", 1))).toEqual(["and an answer"]);
  alice.kill();
  await once(alice, "exit");
  expect(outbox()).toEqual([]);

  const bob = start("bob", ["listen", "--json"]);
  const messages = await listenTo(bob)("message", 4);
  expect(textsOf(messages)).toEqual([...lines, "and one more"]);
  bob.kill();
});

it("send waits for the server, and exits with 0 when everything is sent", async () => {
  await server.kill();
  const patient = ["send", "bob", "--lines", "--timeout", "600"];
  const sending = outcomeOf(start("alice", patient), "one\ntwo\n");
  await vi.waitUntil(() => outbox().length === 2, { timeout: 10_000 });
  await server.start();
  const { code, stdout, stderr } = await sending;
  expect(stdout.match(/sent/g)).toHaveLength(2);
  expect(stderr).toMatch(/offline.*online again/s);
  expect(code).toBe(0);
});

it("replaces a connection that died while the process was stopped, soon after it continues", async () => {
  const proxy = await TcpProxy.start(Number(new URL(server.url).port));
  const url = ["--server", proxy.url];
  await outcomeOf(start("carl", [...url, "register", "carl"]));
  const carl = start("carl", [...url, "chat", "alice", "--json"]);
  const carlSees = listenTo(carl);
  await carlSees("online", 1);
  carl.kill("SIGSTOP");
  proxy.blackhole();
  carl.kill("SIGCONT");
  const begun = Date.now();
  await carlSees("online", 2);
  // Without a probe, three heartbeats of 30 seconds each go by.
  expect(Date.now() - begun).toBeLessThan(30_000);
  carl.kill();
  await once(carl, "exit");
  await proxy.cut();
});

it("ends the chat if the login is no longer valid", async () => {
  const alice = start("alice", ["chat", "bob", "--json"]);
  const ended = Promise.all([once(alice, "exit"), text(alice.stderr)]);
  await listenTo(alice)("online", 1);
  await server.kill();
  const db = openDatabase({ dialect: "sqlite", path: join(folder, "server.db") });
  await db.deleteFrom("sessions").where("user_id", "=", 1).execute();
  await db.destroy();
  await server.start();
  const [[code], said] = await ended;
  expect(said).toContain("log in again");
  expect(code).toBe(4);
});
