import { fork } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { fileStorage, lockFile } from "../../src/client/node/index.js";
import { counting } from "../support/hex.js";
import { CHAT, Network, start, stopAll, text } from "./fixture.js";
import { describeStorage } from "./storage-contract.js";

const root = mkdtempSync(join(tmpdir(), "lacre-file-storage-"));
let count = 0;
const newFolder = () => join(root, String(count++));
afterEach(stopAll);
afterAll(() => rmSync(root, { recursive: true }));

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

describeStorage("fileStorage", () => {
  const folder = newFolder();
  const dump = async () => {
    const files = filesIn(folder).map((path) => path + readFileSync(path, "utf8"));
    // What is base64 in the files is plaintext here.
    const decoded = files.map((file) =>
      file.replaceAll(/"([\w+/]{16,}=*)"/g, (_, base64) =>
        Buffer.from(base64, "base64").toString("latin1"),
      ),
    );
    return [...files, ...decoded].join("\n");
  };
  return { open: () => fileStorage(folder), dump };
});

describe("fileStorage", () => {
  const message = {
    ...{ chat_id: CHAT, sender_id: 7, timestamp: 1_700_000_000, seq: 1 },
    ...{ content: counting(99), nonce: counting(12) },
  };
  const page = { before: 99, limit: 99 };

  it("creates files that only their owner can read", async () => {
    const folder = newFolder();
    const { client, wait } = await start(new Network(), { storage: fileStorage(folder) });
    await client.send(CHAT, text("hola"));
    await wait("sent");
    await client.stop();
    const modes = filesIn(folder).map((path) => statSync(path).mode & 0o777);
    expect(modes.length).toBeGreaterThan(1);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("ignores incomplete lines, and messages after the cursor", async () => {
    const folder = newFolder();
    await fileStorage(folder).moveCursor(CHAT, { from: 0, to: 1 }, [message]);
    const history = join(folder, `history/${CHAT}.jsonl`);
    const line = readFileSync(history, "utf8");
    appendFileSync(history, line.replace('"seq":1', '"seq":2') + line.slice(0, 40));
    const storage = fileStorage(folder);
    expect(await storage.messages(CHAT, page)).toEqual([message]);
    const second = { ...message, seq: 2, content: counting(50) };
    await storage.moveCursor(CHAT, { from: 1, to: 2 }, [second]);
    expect(await fileStorage(folder).messages(CHAT, page)).toEqual([message, second]);
  });

  it.each([
    ["an entry of the outbox", `outbox/000000000001-018bcfe5-687b-7abc-8def-012345678901.json`],
    ["a cursor", `cursors/${CHAT}`],
  ])("stops a client if %s is damaged, and names the file", async (_, name) => {
    const folder = newFolder();
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, "");
    const { wait } = await start(new Network(), { storage: fileStorage(folder) });
    const [stopped] = await wait("stopped");
    expect(String(stopped!.error)).toContain(path);
  });

  it("rejects a message that it cannot write, and does not send it", async () => {
    const folder = newFolder();
    const network = new Network();
    const { client, wait } = await start(network, { storage: fileStorage(folder) });
    await wait("online");
    // A file, where the folder is to be.
    writeFileSync(join(folder, "outbox"), "");
    await expect(client.send(CHAT, text("x"))).rejects.toMatchObject({
      code: "ERR_NOT_STORED",
      cause: { syscall: "mkdir" },
    });
    rmSync(join(folder, "outbox"));
    await client.send(CHAT, text("y"));
    const [sent] = await wait("sent");
    expect(sent!.message.content).toEqual(text("y"));
    expect(network.server.stored(CHAT)).toHaveLength(1);
  });
});

function readFileIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Starts a process that takes the lock `path`, and then runs `work`. */
function startHolder(path: string, work: string) {
  const module = new URL("../../dist/client/node/index.js", import.meta.url).href;
  const file = join(root, `holder-${count++}.mjs`);
  const take = `lockFile(${JSON.stringify(path)})`;
  const code = `import { lockFile } from ${JSON.stringify(module)}; const take = () => ${take}; ${work}`;
  writeFileSync(file, code);
  return fork(file);
}

describe("lockFile", () => {
  it("has its holder in the file from the first moment: a process that is killed leaves no empty lock", async () => {
    const path = join(newFolder(), "lock");
    const holder = startHolder(path, "for (let i = 0; i < 2000; i++) (await take())();");
    let isRunning = true;
    holder.once("exit", () => {
      isRunning = false;
    });
    const seen = new Set<boolean>();
    while (isRunning) {
      for (let reads = 0; reads < 1000; reads++) {
        const file = readFileIfExists(path);
        if (file !== undefined) seen.add(file === "");
      }
      await setImmediate();
    }
    expect(seen).toEqual(new Set([false]));
  });

  it("takes the lock of a process that was killed", async () => {
    const path = join(newFolder(), "lock");
    const work = 'await take(); process.send("locked"); setInterval(() => {}, 1000);';
    const holder = startHolder(path, work);
    await once(holder, "message");
    const waits = vi.fn();
    const taking = lockFile(path, { onWait: waits });
    await vi.waitUntil(() => waits.mock.calls.length > 0, { timeout: 30_000 });
    holder.kill("SIGKILL");
    const release = await taking;
    expect(waits).toHaveBeenCalledTimes(1);
    expect(JSON.parse(readFileSync(path, "utf8")).pid).toBe(process.pid);
    release();
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  it("takes a lock without a sign for more than 2 minutes, and no younger one", async () => {
    const path = join(newFolder(), "lock");
    const first = await lockFile(path);
    const old = (seconds: number) => {
      const then = new Date(Date.now() - seconds * 1000);
      utimesSync(path, then, then);
    };
    old(110);
    const abort = new AbortController();
    const waiting = lockFile(path, { signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    old(121);
    const second = await lockFile(path);
    // The first holder does not remove the lock of the second.
    first();
    expect(readFileSync(path, "utf8")).toContain(String(process.pid));
    second();
  });

  it("does not take the lock of another host, whose process ids mean nothing here, before 2 minutes", async () => {
    const path = join(newFolder(), "lock");
    mkdirSync(join(path, ".."), { recursive: true });
    const ended = { pid: 2 ** 22 + 1, id: "1" };
    writeFileSync(path, JSON.stringify({ ...ended, host: "another" }));
    const abort = new AbortController();
    const waiting = lockFile(path, { signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    writeFileSync(path, JSON.stringify({ ...ended, host: hostname() }));
    (await lockFile(path))();
  });

  // Only the owner of a file may change its times. A test becomes another user if it runs as root.
  it.skipIf(process.geteuid?.() !== 0)("survives a lock whose time it cannot change", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const path = join(newFolder(), "lock");
    const lost = vi.fn();
    const release = await lockFile(path, { onLost: lost });
    for (const [name, mode] of [
      [root, 0o755],
      [join(path, ".."), 0o755],
      [path, 0o644],
    ] as const)
      chmodSync(name, mode);
    process.seteuid!(65_534);
    try {
      vi.advanceTimersByTime(60_000);
    } finally {
      process.seteuid!(0);
      vi.useRealTimers();
    }
    expect(lost).not.toHaveBeenCalled();
    release();
  });

  it("reports a lost lock", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const path = join(newFolder(), "lock");
    const lost = vi.fn();
    const release = await lockFile(path, { onLost: lost });
    vi.advanceTimersByTime(60_000);
    expect(lost).not.toHaveBeenCalled();
    writeFileSync(path, "{}");
    vi.advanceTimersByTime(60_000);
    expect(lost).toHaveBeenCalledTimes(1);
    release();
    expect(readFileSync(path, "utf8")).toBe("{}");
    vi.useRealTimers();
  });
});
