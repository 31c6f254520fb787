import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lacre } from "./contenders.js";
import { prepareFixture } from "./fixture.js";
import { runLoops } from "./load/run-loops.js";

/** The parts of a file of `node --cpu-prof` that are used here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface ProfileRow {
  readonly name: string;
  /** Share of the time during which the server was not idle. */
  readonly share: number;
}

export interface ServerProfile {
  readonly parts: readonly ProfileRow[];
  readonly functions: readonly ProfileRow[];
  /** Share of the whole time. */
  readonly idle: number;
}

const FUNCTIONS = 15;

/** Measures which code takes the time of the server under full load. */
export async function profileServer(seconds: number): Promise<ServerProfile> {
  const fixture = await prepareFixture("sqlite", { clients: 100, reach: 4 });
  const folder = mkdtempSync(join(tmpdir(), "lacre-profile-"));
  try {
    const nodeOptions = ["--cpu-prof", `--cpu-prof-dir=${folder}`];
    const begun = performance.now();
    const running = await lacre("lacre", nodeOptions).start(fixture);
    const startMs = performance.now() - begun;
    const { url, pid } = running;
    const plan = { kind: "lacre", url, peers: fixture.peers, seconds, warmUpSeconds: 0 } as const;
    await runLoops([plan], pid).finally(() => running.stop());
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    // The worker of the module loader writes a profile too, which is shorter.
    const longest = files.sort((a, b) => b.length - a.length)[0]!;
    return summarise(JSON.parse(longest) as CpuProfile, startMs);
  } finally {
    rmSync(folder, { recursive: true });
    await fixture.database.remove();
  }
}

/** Sums up a profile without its first `startMs` milliseconds. */
function summarise({ nodes, samples, timeDeltas }: CpuProfile, startMs: number): ServerProfile {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let untilLoad = startMs * 1000;
  let total = 0;
  let idle = 0;
  for (const [at, sample] of samples.entries()) {
    const { functionName, url } = frames.get(sample)!;
    const time = timeDeltas[at]!;
    untilLoad -= time;
    if (untilLoad > 0) continue;
    total += time;
    if (functionName === "(idle)") {
      idle += time;
      continue;
    }
    const part = partOf(functionName, url);
    parts.set(part, (parts.get(part) ?? 0) + time);
    const name = `${functionName || "(anonymous)"} of ${part}`;
    functions.set(name, (functions.get(name) ?? 0) + time);
  }
  const shares = (times: Map<string, number>) =>
    [...times]
      .map(([name, time]) => ({ name, share: time / (total - idle) }))
      .sort((a, b) => b.share - a.share);
  return {
    parts: shares(parts),
    functions: shares(functions).slice(0, FUNCTIONS),
    idle: idle / total,
  };
}

/** Returns the package, the file of the server or the module of Node to which a function belongs. */
function partOf(functionName: string, url: string): string {
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency !== undefined) return dependency;
  const folder = /examples\/server\/src\/(.+)\.ts/.exec(url)?.[1];
  if (folder !== undefined) return `server: ${folder}`;
  if (/\/dist\/[^?]+\.js/.test(url)) return `lacre: ${/\/dist\/([^/]+)/.exec(url)![1]}`;
  if (url.startsWith("node:")) return `Node: ${url.slice(5)}`;
  return functionName.startsWith("(") ? functionName : "native code";
}
