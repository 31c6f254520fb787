import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TcpProxy } from "../../web/test/proxy.js";
import { CliFixture } from "./fixture.js";
import { outcomeOf, readEvents, textsOf } from "./program.js";
import { ServerProcess } from "./server-process.js";

const fixture = new CliFixture(new ServerProcess(), ["alice", "bob"]);
const { server } = fixture;
const start = (profile: string, args: string[]) => fixture.start(profile, args);
const outbox = () => fixture.queued("alice");

it("delivers texts that were written before, during and after an outage once and in order", async () => {
  const [alice, bob] = [
    start("alice", ["chat", "bob", "--json"]),
    start("bob", ["chat", "alice", "--json"]),
  ];
  const [aliceEvents, bobEvents] = [readEvents(alice), readEvents(bob)];
  await Promise.all([aliceEvents("online", 1), bobEvents("online", 1)]);
  const written: string[] = [];
  const write = (...lines: string[]) => {
    written.push(...lines);
    for (const line of lines) alice.stdin.write(`${line}\n`);
  };
  write("before", "and while it is killed");
  await server.kill();
  write("the server", "is", "not there");
  await Promise.all([aliceEvents("offline", 1), bobEvents("offline", 1)]);
  write("after the offline event");
  await server.start();
  await Promise.all([aliceEvents("online", 2), bobEvents("online", 2)]);
  write("after");
  expect(textsOf(await bobEvents("message", written.length))).toEqual(written);
  expect(textsOf(await aliceEvents("sent", written.length))).toEqual(written);
  const seqs = (await aliceEvents("sent", written.length)).map(({ seq }) => seq);
  expect(seqs).toEqual(written.map((_, at) => at + 1));
  const isRead = async () => (await aliceEvents("read", 1)).at(-1)?.seq === written.length;
  await vi.waitUntil(isRead, { timeout: 30_000 });
  alice.kill();
  expect(await once(alice, "exit")).toEqual([0, null]);

  bob.stdin.write("and an answer\n");
  await bobEvents("sent", 1);
  // No message was delivered twice.
  expect(await bobEvents("message", 0)).toHaveLength(written.length);
  bob.kill();
  expect(outbox()).toEqual([]);
});

it("sends texts of a killed program once when the program starts again", async () => {
  await server.kill();
  const killed = start("alice", ["chat", "bob", "--json"]);
  const lines = ["kept one", "kept two", "kept three"];
  killed.stdin.write(`${lines.join("\n")}\n`);
  await readEvents(killed)("offline", 1);
  await vi.waitUntil(() => outbox().length === lines.length, { timeout: 60_000 });
  for (const path of outbox()) {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).not.toContain("kept ");
  }
  killed.kill("SIGKILL");
  await once(killed, "exit");

  const alice = start("alice", ["chat", "bob", "--json"]);
  const aliceEvents = readEvents(alice);
  await aliceEvents("offline", 1);
  alice.stdin.write("and one more\n");
  await server.start();
  expect(textsOf(await aliceEvents("sent", 4))).toEqual([...lines, "and one more"]);
  expect(textsOf(await aliceEvents("message", 1))).toEqual(["and an answer"]);
  alice.kill();
  await once(alice, "exit");
  expect(outbox()).toEqual([]);

  const bob = start("bob", ["listen", "--json"]);
  const messages = await readEvents(bob)("message", 4);
  expect(textsOf(messages)).toEqual([...lines, "and one more"]);
  bob.kill();
});

it("send waits for the server, and exits with 0 when everything is sent", async () => {
  await server.kill();
  const args = ["send", "bob", "--lines", "--timeout", "600"];
  const sending = fixture.run("alice", args, { input: "one\ntwo\n" });
  await vi.waitUntil(() => outbox().length === 2, { timeout: 60_000 });
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
  const carlEvents = readEvents(carl);
  await carlEvents("online", 1);
  carl.kill("SIGSTOP");
  proxy.blackhole();
  carl.kill("SIGCONT");
  // Without a probe, the client would notice after three heartbeats of 30 seconds each, and this would time out.
  await carlEvents("online", 2);
  carl.kill();
  await once(carl, "exit");
  await proxy.cut();
});

it("ends the chat if the login is no longer valid", async () => {
  const alice = start("alice", ["chat", "bob", "--json"]);
  const ended = Promise.all([once(alice, "exit"), text(alice.stderr)]);
  await readEvents(alice)("online", 1);
  await server.kill();
  const db = openDatabase({ dialect: "sqlite", path: server.databasePath });
  const ids = db.selectFrom("users").select("id").where("username", "=", "alice");
  await db.deleteFrom("sessions").where("user_id", "in", ids).execute();
  await db.destroy();
  await server.start();
  const [[code], stderr] = await ended;
  expect(stderr).toContain("log in again");
  expect(code).toBe(4);
});
