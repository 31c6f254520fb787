import { cpus } from "node:os";
import { parseArgs } from "node:util";
import {
  type DatabaseKind,
  isPostgresAvailable,
} from "../../examples/server/harness/processes/database.js";
import { measureMemory } from "./memory.js";
import { measurePauses } from "./pauses.js";
import { profileServer } from "./profile.js";
import { measureRoundTrips } from "./round-trips.js";
import {
  memoryHead,
  memoryLine,
  pauseHead,
  pauseLine,
  profileLines,
  throughputHead,
  throughputLine,
} from "./tables.js";
import { measureThroughput } from "./throughput.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const wants = (part: string) => positionals.length === 0 || positionals.includes(part);
const print = (line: string) => values.json || console.log(line);
const hasPostgres = await isPostgresAvailable();
const databases: DatabaseKind[] = hasPostgres ? ["sqlite", "postgresql"] : ["sqlite"];
const node = process.version;
const processors = cpus().length;

print(`Node ${node}, ${processors} processors, which the server and the load generator share.`);
const throughput = wants("throughput") ? await showThroughput() : undefined;
const roundTrips = wants("round-trips") ? await showRoundTrips() : undefined;
const pauses = wants("pauses") ? await showPauses() : undefined;
const memory = wants("memory") ? await showMemory() : undefined;
const profile = wants("profile") ? await showProfile() : undefined;
if (values.json) {
  console.log(
    JSON.stringify(
      { node, processors, throughput, roundTrips, pauses, memory, profile },
      undefined,
      2,
    ),
  );
}

function showThroughput() {
  if (!hasPostgres) print("PostgreSQL is not installed, and is not measured.");
  print("\n100 clients, each with a message in flight in each of its chats: one, then eight");
  print(throughputHead);
  return measureThroughput({
    seconds,
    databases,
    onRow: (row) => print(throughputLine(row)),
  });
}

function showRoundTrips() {
  print("\nOne client over a round trip of 100 ms");
  return measureRoundTrips(databases, ({ name, seconds: taken }) =>
    print(`${name.padEnd(64)} ${taken.toFixed(2).padStart(7)} s`),
  );
}

function showPauses() {
  print("\n100 clients, each with a message in flight");
  print(pauseHead);
  return measurePauses(databases, seconds, (row) => print(pauseLine(row)));
}

function showMemory() {
  print("\nIdle connections, after garbage collection");
  print(memoryHead);
  return measureMemory((row) => print(memoryLine(row)));
}

async function showProfile() {
  print("\nWhere the server's time goes, on SQLite with 800 messages in flight");
  const profile = await profileServer(seconds);
  for (const line of profileLines(profile)) print(line);
  return profile;
}
