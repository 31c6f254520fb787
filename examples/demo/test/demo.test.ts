import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { describeIf } from "../../../test/support/optional.js";
import { isQuick } from "../../../test/support/runs.js";
import { hasBrowser } from "../../web/tools/browsers.js";

/** Time limit of a test. A client may wait 30 s before it reconnects, and a busy machine needs longer. */
const TIMEOUT_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), "lacre-demo-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the demo in a process of its own, whose temporary files are in `folder`. */
function start(transcript: string | Buffer, env: NodeJS.ProcessEnv = {}) {
  const path = join(folder, "transcript.txt");
  writeFileSync(path, transcript);
  const demo = fileURLToPath(new URL("../src/demo.ts", import.meta.url));
  const loader = import.meta.resolve("tsx");
  const args = ["--import", loader, demo, "--transcript", path];
  return spawn(process.execPath, args, { env: { ...process.env, TMPDIR: folder, ...env } });
}

async function run(transcript: string | Buffer, env?: NodeJS.ProcessEnv) {
  const child = start(transcript, env);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, "close");
  const [stdout, stderr] = await output;
  return { code, stdout, stderr, report: stdout.replace(/\s+/g, " ") };
}

const leftovers = () => readdirSync(folder).filter((name) => name.startsWith("lacre-demo-"));

it.skipIf(isQuick)(
  "delivers a transcript of unusual lines, and finds none of them",
  async () => {
    const lines = [
      ...["ana: a", "benito: ok", "ana: message", "ana: message", "benito: benito", "ana: ?"],
      ...[
        "benito: one\u2028line\u2029with\u0085all\u000b\u000cthat",
        "ana: \0 and \r and \t",
        "ana: 😀",
      ],
      ...["benito: sender_id", "benito: message stored", 'ana: "\\" {"event":"ready"}', "ana: a"],
      `ana: ${"long and longer ".repeat(6400)}`,
      `benito: ${Array.from({ length: 14_000 }, (_, at) => `ñ${at}`).join("")}`,
      "ana: \ufeffשלום e\u0301",
    ];
    const { code, report, stderr } = await run(`\ufeff${lines.join("\n")}\n`);
    expect(stderr).toBe("");
    expect(report).toContain(`✓ ${lines.length} lines: none lost`);
    expect(report).toContain("too short or too common");
    expect(report).toMatch(
      /network was cut after line 5, for \d+\.\d s; 1 message was .* nothing was lost/,
    );
    expect(report).toMatch(/server was killed after line 10, for .* nothing was lost/);
    expect(report).toContain("so does benito (his lines cannot all be typed into a page)");
    expect(code).toBe(0);
    expect(leftovers()).toEqual([]);
  },
  TIMEOUT_MS,
);

describeIf(hasBrowser("chromium") || hasBrowser("firefox"), "Chromium or Firefox")(
  "with a browser",
  () => {
    it.skipIf(isQuick)(
      "benito uses the web client, and every line arrives unchanged",
      async () => {
        const lines = [
          ...[
            "ana: hola",
            "benito: <b>&amp;</b> 👩🏽‍🚀 e\u0301",
            "ana: \\n",
            "benito: hola",
            "benito: hola",
          ],
          ...[
            `ana: ${"long and longer ".repeat(6400)}`,
            `benito: ${"and longer still ".repeat(3000)}end`,
          ],
          ...["benito: שלום", "ana: '; DROP TABLE messages; --"],
        ];
        const { code, report, stderr } = await run(`${lines.join("\n")}\n`);
        expect(stderr).toBe("");
        expect(report).toMatch(/benito uses the web client in (chromium|firefox)/);
        expect(report).toContain(`✓ ${lines.length} lines: none lost`);
        expect(report).toMatch(/network was cut after line 3, for \d+\.\d s/);
        expect(report).toMatch(/server was killed after line 7, for/);
        expect(code).toBe(0);
        expect(leftovers()).toEqual([]);
      },
      TIMEOUT_MS,
    );
  },
);

it.skipIf(isQuick)(
  "both users use the terminal client if there is no browser",
  async () => {
    const noBrowsers = { LACRE_CHROMIUM: "/none", LACRE_FIREFOX: "/none" };
    const { code, report } = await run("ana: hola\n", noBrowsers);
    expect(report).toContain("so does benito (no browser was found");
    expect(report).toContain("✓ 1 lines: none lost");
    expect(code).toBe(0);
  },
  TIMEOUT_MS,
);

it(
  "rejects an invalid transcript",
  async () => {
    const { code, stderr } = await run("ana: hola\ncarla: hola\n");
    expect(code).toBe(2);
    expect(stderr).toContain("line 2");
  },
  TIMEOUT_MS,
);

it(
  "removes its files when it is stopped by a signal",
  async () => {
    const child = start("ana: hola\n");
    await once(child.stdout, "data");
    while (leftovers().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(leftovers()).toEqual([]);
  },
  TIMEOUT_MS,
);
