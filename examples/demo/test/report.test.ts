import { describe, expect, it } from "vitest";
import type { Evidence } from "../src/evidence.js";
import { cellsOf, OutputFormat, type TextStream } from "../src/output-format.js";
import { Progress } from "../src/progress.js";
import { report } from "../src/report.js";
import { searchEvidence } from "../src/secrecy.js";

/** Returns an output that keeps what is written to it; a terminal if `columns` is given. */
function output(columns?: number): TextStream & { text: string } {
  return {
    isTTY: columns !== undefined,
    columns: columns ?? 0,
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

const texts = [
  "",
  "hola",
  "a line of words that is longer than the lines of almost every terminal where it is read, ".repeat(
    3,
  ),
  "x".repeat(300),
  "星が綺麗ですね、".repeat(30),
  "👩🏽‍🚀 Noa: שבוע טוב ותודה על הספרים, שבוע טוב ותודה על הספרים, שבוע טוב ותודה",
];
const client_id = "0a47ac10-58cc-4372-a567-0e02b2c3d479";
const messages = texts.map((text, at) => ({ seq: at + 1, from: "ana", text }));
const evidence: Evidence = {
  group: undefined,
  lines: texts.map((text) => ({ speaker: "ana", text })),
  participants: {
    ana: { client: "terminal client", sent: messages, received: [], readUpTo: 2 },
    benito: {
      client: "web client, chromium 156.0.8078.108",
      ...{ sent: [], received: messages, readUpTo: 0 },
    },
  },
  rows: messages.map(({ seq }) => ({
    ...{ seq, sender: "ana", client_id, nonce: new Uint8Array(12) },
    encrypted_content: new Uint8Array(720_000).fill(seq),
  })),
  locations: ["database", "server's log", "wire to server", "wire to clients"].map((name) => ({
    name,
    parts: [new Uint8Array(123_456)],
  })),
  ...{ baseline: [], secrets: [], traffic: [] },
  outages: [
    {
      ...{ what: "the server was killed", afterLine: 4, written: 2, seconds: 2.8 },
      ...{ broken: [], connectionsBefore: 2 },
    },
  ],
  failures: ["stopped"],
};

describe("report", () => {
  it.each([36, 37, 40, 60, 72, 80, 100, 132])("fits into %i columns", async (width) => {
    const secrecy = await searchEvidence(evidence);
    for (const problems of [[], [`lost: ${texts[2]}`, texts[3]!]]) {
      const text = report(
        { evidence, secrecy, problems },
        new OutputFormat(output(width), { NO_COLOR: "1" }),
      );
      const tooLong = text.split("\n").filter((line) => cellsOf(line) > width);
      expect(tooLong).toEqual([]);
      expect(text).toContain("bytes");
      expect(text).toContain(problems.length === 0 ? "✓ 6 lines" : "✗ 2 problems");
    }
  });

  it("fits into 80 columns if the output is not a terminal", () => {
    expect(new OutputFormat(output(), {}).width).toBe(80);
  });
});

describe("Progress", () => {
  const line = { speaker: "ana", text: "hola ".repeat(40) } as const;

  it("writes a line of the transcript immediately, also without a terminal", async () => {
    for (const stream of [output(), output(80)]) {
      const progress = new Progress(stream, new OutputFormat(stream, {}));
      await progress.step("exchanging the lines", 10, async () => {
        progress.line(line, 1, 2);
        expect(stream.text).toMatch(/ {6}1 {2}ana {4}hola hola .*…\n/);
        progress.note("the network was cut");
        expect(stream.text).toContain("the network was cut");
      });
      expect(stream.text).toMatch(/ {2}exchanging the lines … \d\.\d s\n/);
    }
  });

  it("keeps the status on one line of a terminal", async () => {
    const stream = output(40);
    const progress = new Progress(stream, new OutputFormat(stream, { NO_COLOR: "1" }));
    await progress.step("exchanging the lines", 10, async () => {
      progress.waitFor("waiting for both clients to be connected to the server");
      progress.line(line, 1, 2);
    });
    const esc = String.fromCharCode(0x1b);
    const lines = stream.text.split(/[\r\n]/).map((one) => one.replace(`${esc}[K`, ""));
    expect(lines.filter((one) => cellsOf(one) > 40)).toEqual([]);
    expect(stream.text.endsWith(`\r${esc}[K`)).toBe(true);
  });
});
