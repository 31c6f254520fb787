// Measures in the runtime of this process, and prints the report as JSON.
import { onServers } from "./contenders/on-servers.js";
import { hostileResults } from "./hostile.js";
import type { Effort } from "./measure.js";
import { reportOn } from "./report.js";

const effort = JSON.parse(process.argv[2]!) as Effort;
const { bun, deno, node } = process.versions as Record<string, string>;
const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
const report = await reportOn(runtime, onServers, effort);
const hostile = globalThis.gc === undefined ? undefined : hostileResults();
process.stdout.write(JSON.stringify({ ...report, hostile }));
