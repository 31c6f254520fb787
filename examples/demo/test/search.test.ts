import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bodyCanaries, byteCanaries, stableBase64, textCanaries } from "../src/canary-strings.js";
import { type Location, search } from "../src/search.js";

const LINE = 'Llevaré "pan" — y 🫒 también';
const LONG = Array.from({ length: 5000 }, (_, at) => `word${at}`).join(" ");

const locationWith = (...hidden: Uint8Array[]): Location => {
  const parts = [randomBytes(5000), ...hidden, randomBytes(5000)];
  return { name: "data", parts: [Buffer.concat(parts)] };
};
const finds = async (text: string, ...hidden: (Uint8Array | string)[]) => {
  const location = locationWith(...hidden.map((bytes) => Buffer.from(bytes as string)));
  return (await search([location], textCanaries(0, text))).length > 0;
};

describe("search finds a line", () => {
  const bytes = Buffer.from(LINE);
  const escaped = JSON.stringify({ text: LINE });
  const forms: [string, Uint8Array | string][] = [
    ["as UTF-8", bytes],
    ["as UTF-16", Buffer.from(LINE, "utf16le")],
    ["as hex", bytes.toString("hex")],
    ["as hex in capitals", bytes.toString("hex").toUpperCase()],
    ["as a URL", encodeURIComponent(LINE)],
    ["as JSON", escaped],
    [
      "as JSON in ASCII",
      escaped.replace(
        /[^ -~]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
    ],
    ["as base64", bytes.toString("base64")],
    ["as base64, with a byte before it", Buffer.from(`x${LINE}y`).toString("base64")],
    ["as base64, with two bytes before it", Buffer.from(`xy${LINE}yz`).toString("base64")],
    ["as base64url", bytes.toString("base64url")],
  ];
  it.each(forms)("%s", async (_, hidden) => {
    expect(await finds(LINE, hidden)).toBe(true);
  });

  it("at the beginning and at the end of the data", async () => {
    const parts = [
      Buffer.concat([bytes, randomBytes(100)]),
      Buffer.concat([randomBytes(9), bytes]),
    ];
    for (const part of parts) {
      const location = { name: "data", parts: [part] };
      expect(await search([location], textCanaries(0, LINE))).not.toEqual([]);
    }
    expect(await search([{ name: "data", parts: [bytes] }], textCanaries(0, LINE))).not.toEqual([]);
  });

  it("of which only the beginning or the end is there", async () => {
    expect(await finds(LONG, LONG.slice(0, 100))).toBe(true);
    expect(await finds(LONG, LONG.slice(-100))).toBe(true);
    expect(await finds(LONG, `${LONG.slice(0, 10)}…`)).toBe(false);
  });

  it("in the right location, among many lines", async () => {
    const lines = Array.from({ length: 500 }, (_, at) => `this is line number ${at}, and its end`);
    const canaries = lines.flatMap((line, at) => textCanaries(at, line));
    const clean = locationWith();
    const dirty = locationWith(Buffer.from(lines[77]!), Buffer.from(lines[400]!, "utf16le"));
    const findings = await search([clean, dirty], canaries);
    expect(findings.every(({ location }) => location === dirty)).toBe(true);
    expect(new Set(findings.map(({ canary }) => canary.index))).toEqual(new Set([77, 400]));
  });
});

describe("search does not find a line", () => {
  it("that is not there, or only in part", async () => {
    expect(await finds(LINE)).toBe(false);
    expect(await finds(LINE, LINE.slice(0, -1), "x", LINE.slice(1))).toBe(false);
  });

  it("that is short, except in an encoded body", async () => {
    expect(textCanaries(0, "ok")).toEqual([]);
    const body = Buffer.from("\x82\xa4kind\xa4text\xa4text\xa2ok", "latin1");
    for (const hidden of [body, body.toString("base64"), '{"kind":"text","text":"ok"}']) {
      expect(
        await search([locationWith(Buffer.from(hidden as string))], bodyCanaries(0, "ok")),
      ).not.toEqual([]);
    }
    expect(await search([locationWith(Buffer.from("ok"))], bodyCanaries(0, "ok"))).toEqual([]);
  });

  it("in the body of another line with the same beginning", async () => {
    const body = Buffer.from("\x82\xa4kind\xa4text\xa4text\xa3oka", "latin1");
    expect(await search([locationWith(body)], bodyCanaries(0, "ok"))).toEqual([]);
  });
});

it("stableBase64 returns digits that do not depend on the bytes around", () => {
  for (const alignment of [0, 1, 2]) {
    const around = Buffer.concat([randomBytes(alignment + 3), Buffer.from(LINE), randomBytes(4)]);
    expect(around.toString("base64")).toContain(stableBase64(Buffer.from(LINE), alignment));
  }
});

it("byteCanaries returns the beginning, middle and end of long bytes", async () => {
  const bytes = randomBytes(10_000);
  const canaries = byteCanaries(0, "ciphertext", bytes);
  expect(canaries.map(({ bytes: piece }) => piece.length)).toEqual([32, 32, 32]);
  expect(await search([locationWith(bytes.subarray(4000, 6000))], canaries)).toHaveLength(1);
});
