import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const USAGE = `usage: npx tsx examples/demo/tools/repeat.ts [--runs 40] [--busy 2] [-- OPTIONS OF THE DEMO]

Runs the demo --runs times, while --busy processes each keep a core busy. Counts the runs that fail.`;

const DEMO = fileURLToPath(new URL("../src/demo.ts", import.meta.url));

const { values, positionals } = parseArgs({
  options: {
    runs: { type: "string", default: "40" },
    busy: { type: "string", default: "2" },
    help: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
if (values.help) console.log(USAGE);
else process.exitCode = await repeat(Number(values.runs), Number(values.busy));

async function repeat(runs: number, busy: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "lacre-repeat-"));
  const spinners = Array.from({ length: busy }, () => spawn(process.execPath, ["-e", "for(;;);"]));
  process.once("exit", () => {
    for (const spinner of spinners) spinner.kill();
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  const start = performance.now();
  let failures = 0;
  for (let run = 1; run <= runs; run++) {
    const path = join(folder, `run-${run}.log`);
    const begun = performance.now();
    const code = await runOnce(path);
    console.log(`run ${run}: exit code ${code}, ${secondsSince(begun)} s`);
    if (code === 0) {
      rmSync(path);
    } else {
      failures += 1;
      console.log(`  its output is in ${path}`);
    }
  }
  console.log(`${failures} of ${runs} runs failed, in ${secondsSince(start)} s`);
  if (failures === 0) rmSync(folder, { recursive: true });
  for (const spinner of spinners) spinner.kill();
  return failures === 0 ? 0 : 1;
}

async function runOnce(path: string): Promise<number | null> {
  const output = createWriteStream(path);
  const args = ["--import", import.meta.resolve("tsx"), DEMO, ...positionals];
  const demo = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  demo.stdout.pipe(output, { end: false });
  demo.stderr.pipe(output, { end: false });
  const [code] = (await once(demo, "close")) as [number | null];
  output.end();
  await once(output, "finish");
  return code;
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(0);
}
