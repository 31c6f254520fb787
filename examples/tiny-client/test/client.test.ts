import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { WebSocketServer } from "ws";
import { startServer } from "../../tiny-server/src/server.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-tiny-client-"));
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const random = () => crypto.getRandomValues(new Uint8Array(32));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const CHAT = 42;
const chatKey = random();
const users = new Map([
  ["alice", { user_id: 1, session_key: random() }],
  ["bob", { user_id: 2, session_key: random() }],
]);
let server: WebSocketServer;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  server = startServer(0, users, new Map([[CHAT, [1, 2]]]));
  await once(server, "listening");
});
afterAll(() => {
  for (const program of programs) program.kill("SIGKILL");
  server.close();
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

function run(name: string) {
  const { user_id, session_key } = users.get(name)!;
  const { port } = server.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}/?token=${name}`;
  const keys = [user_id, base64(session_key), CHAT, base64(chatKey)].map(String);
  const args = ["--import", "tsx", main, url, ...keys, join(folder, name)];
  const program = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  programs.push(program);
  let printed = "";
  program.stdout.on("data", (data) => {
    printed += data;
  });
  const shows = (text: string) =>
    vi
      .waitUntil(() => printed.includes(text), { timeout: 30_000 })
      .catch(() => {
        expect(printed).toContain(text);
      });
  return { program, shows, printed: () => printed };
}

describe("two tiny clients", () => {
  it("talk, and lose nothing when one is killed and started again", async () => {
    const [alice, bob] = [run("alice"), run("bob")];
    await Promise.all([alice.shows("[online]"), bob.shows("[online]")]);
    alice.program.stdin.write("hola\n");
    await bob.shows("1: hola\n");
    await alice.shows("1: hola\n");
    // A message that was shown, and whose cursor is not stored before the kill, would come again.
    await vi.waitUntil(() => existsSync(join(folder, "bob", "cursors", `${CHAT}`)), {
      timeout: 30_000,
    });
    bob.program.kill("SIGKILL");
    await once(bob.program, "exit");
    alice.program.stdin.write("are you there?\n");
    await alice.shows("1: are you there?\n");
    const again = run("bob");
    await again.shows("1: are you there?\n");
    expect(again.printed()).not.toContain("hola");
    const exited = once(again.program, "exit");
    again.program.stdin.end("yes\n");
    expect(await exited).toEqual([0, null]);
    expect(again.printed()).toContain("[stopped]");
    await run("bob").shows("2: yes\n");
    await alice.shows("2: yes\n");
  });

  it("store no plaintext", async () => {
    // Running clients change their files.
    const running = programs.filter(
      ({ exitCode, signalCode }) => (exitCode ?? signalCode) === null,
    );
    const exits = running.map((program) => once(program, "exit"));
    for (const program of running) program.kill("SIGKILL");
    await Promise.all(exits);
    const text = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /jsonl?$/.test(file))
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("");
    expect(text).toContain('"client_id"');
    for (const word of ["hola", "are you there"]) {
      expect(text).not.toContain(word);
      expect(text).not.toContain(Buffer.from(word).toString("base64").slice(0, -4));
    }
  });
});

it("has at most 42 lines", () => {
  const text = readFileSync(new URL("../src/client.ts", import.meta.url), "utf8");
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(42);
});
