import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until } from "../../examples/server/harness/until.js";
import { type Contender, echo, lacre } from "./contenders.js";
import { type Fixture, prepareFixture } from "./fixture.js";
import type { IdlePlan } from "./load/idle-process.js";
import { forkProgram } from "./load/run-loops.js";

export interface MemoryRow {
  readonly name: string;
  readonly connections: number;
  /** Resident memory per connection in bytes, after garbage collection. */
  readonly rss: number;
  /** Part of `rss` in the heap and the buffers of JavaScript. */
  readonly heap: number;
}

const CONNECTIONS = 10_000;
/** Number of files that a process opens besides its connections. */
const OTHER_FILES = 200;
/** Connections opened before the first measurement, so that memory shared by all connections is not counted. */
const FIRST = 500;
/** Number of users for all connections, because the server permits 20 connections each. */
const USERS = 500;
/** Milliseconds in which the process can free buffers before a measurement. */
const REST_MS = 1000;

/** Measures the memory of an idle connection, at a bare `ws` server and at the server. */
export async function measureMemory(onRow: (row: MemoryRow) => void): Promise<MemoryRow[]> {
  const fixture = await prepareFixture("sqlite", { clients: USERS, reach: 0 });
  const probe = fileURLToPath(new URL("./servers/memory-probe.mjs", import.meta.url));
  const nodeOptions = ["--expose-gc", "--import", probe];
  const rows: MemoryRow[] = [];
  try {
    for (const contender of [echo(nodeOptions), lacre("lacre", nodeOptions)]) {
      rows.push(await measure(contender, fixture));
      onRow(rows.at(-1)!);
    }
  } finally {
    await fixture.database.remove();
  }
  return rows;
}

async function measure(contender: Contender, fixture: Fixture): Promise<MemoryRow> {
  const folder = mkdtempSync(join(tmpdir(), "lacre-memory-"));
  process.env.MEMORY_FILE = join(folder, "usage.json");
  const running = await contender.start(fixture);
  const program = fileURLToPath(new URL("./load/idle-process.ts", import.meta.url));
  const clients = forkProgram(program);
  const open = async (count: number) => {
    const plan: IdlePlan = { kind: contender.kind, url: running.url, peers: fixture.peers, count };
    clients.send(plan);
    await once(clients, "message");
    await delay(REST_MS);
    return usageOf(running.pid, process.env.MEMORY_FILE!);
  };
  try {
    const before = await open(FIRST);
    const connections = mostConnections() - FIRST;
    const after = await open(connections);
    const each = (of: "rss" | "heap") => (after[of] - before[of]) / connections;
    return {
      name: contender.name,
      connections: connections + FIRST,
      rss: each("rss"),
      heap: each("heap"),
    };
  } finally {
    clients.kill("SIGKILL");
    await running.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Returns a number of connections for which both processes may open files. */
function mostConnections(): number {
  const limit = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }));
  return Number.isNaN(limit) ? CONNECTIONS : Math.min(CONNECTIONS, limit - OTHER_FILES);
}

async function usageOf(pid: number, file: string): Promise<{ rss: number; heap: number }> {
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  let usage: NodeJS.MemoryUsage | undefined;
  const isThere = await until(() => {
    usage = readUsage(file);
    return usage !== undefined;
  }, 30);
  if (!isThere) throw new Error("the server did not report its memory usage");
  const { rss, heapUsed, external } = usage!;
  return { rss, heap: heapUsed + external };
}

function readUsage(file: string): NodeJS.MemoryUsage | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as NodeJS.MemoryUsage;
  } catch {
    return undefined;
  }
}
