import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { byteNeedles, framedNeedles, stableBase64, textNeedles } from "../src/needles.js";
import { type Place, search } from "../src/search.js";

const LINE = 'Llevaré "pan" — y 🫒 también';
const LONG = Array.from({ length: 5000 }, (_, at) => `word${at}`).join(" ");

const placeWith = (...planted: Uint8Array[]): Place => {
  const parts = [randomBytes(5000), ...planted, randomBytes(5000)];
  return { name: "haystack", parts: [Buffer.concat(parts)] };
};
const finds = async (text: string, ...planted: (Uint8Array | string)[]) => {
  const place = placeWith(...planted.map((bytes) => Buffer.from(bytes as string)));
  return (await search([place], textNeedles(0, text))).length > 0;
};

describe("a line is found", () => {
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
  it.each(forms)("%s", async (_, planted) => {
    expect(await finds(LINE, planted)).toBe(true);
  });

  it("at the very beginning and at the very end", async () => {
    const parts = [
      Buffer.concat([bytes, randomBytes(100)]),
      Buffer.concat([randomBytes(9), bytes]),
    ];
    for (const part of parts) {
      const place = { name: "haystack", parts: [part] };
      expect(await search([place], textNeedles(0, LINE))).not.toEqual([]);
    }
    expect(await search([{ name: "haystack", parts: [bytes] }], textNeedles(0, LINE))).not.toEqual(
      [],
    );
  });

  it("where only a part of a long one is", async () => {
    expect(await finds(LONG, LONG.slice(0, 100))).toBe(true);
    expect(await finds(LONG, LONG.slice(-100))).toBe(true);
    expect(await finds(LONG, `${LONG.slice(0, 10)}…`)).toBe(false);
  });

  it("in the place where it is, among many", async () => {
    const lines = Array.from({ length: 500 }, (_, at) => `this is line number ${at}, and its end`);
    const needles = lines.flatMap((line, at) => textNeedles(at, line));
    const clean = placeWith();
    const dirty = placeWith(Buffer.from(lines[77]!), Buffer.from(lines[400]!, "utf16le"));
    const findings = await search([clean, dirty], needles);
    expect(findings.every(({ place }) => place === dirty)).toBe(true);
    expect(new Set(findings.map(({ needle }) => needle.of))).toEqual(new Set([77, 400]));
  });
});

describe("a line is not found", () => {
  it("where it is not", async () => {
    expect(await finds(LINE)).toBe(false);
    expect(await finds(LINE, LINE.slice(0, -1), "x", LINE.slice(1))).toBe(false);
  });

  it("alone when it is short, but in a body it is", async () => {
    expect(textNeedles(0, "ok")).toEqual([]);
    const body = Buffer.from("\x82\xa4kind\xa4text\xa4text\xa2ok", "latin1");
    for (const planted of [body, body.toString("base64"), '{"kind":"text","text":"ok"}']) {
      expect(
        await search([placeWith(Buffer.from(planted as string))], framedNeedles(0, "ok")),
      ).not.toEqual([]);
    }
    expect(await search([placeWith(Buffer.from("ok"))], framedNeedles(0, "ok"))).toEqual([]);
  });

  it("in a body of another line that begins in the same way", async () => {
    const body = Buffer.from("\x82\xa4kind\xa4text\xa4text\xa3oka", "latin1");
    expect(await search([placeWith(body)], framedNeedles(0, "ok"))).toEqual([]);
  });
});

it("stable base64 does not depend on what stands around", () => {
  for (const alignment of [0, 1, 2]) {
    const around = Buffer.concat([randomBytes(alignment + 3), Buffer.from(LINE), randomBytes(4)]);
    expect(around.toString("base64")).toContain(stableBase64(Buffer.from(LINE), alignment));
  }
});

it("long bytes are sought by their beginning, middle and end", async () => {
  const bytes = randomBytes(10_000);
  const needles = byteNeedles(0, "ciphertext", bytes);
  expect(needles.map(({ bytes: piece }) => piece.length)).toEqual([32, 32, 32]);
  expect(await search([placeWith(bytes.subarray(4000, 6000))], needles)).toHaveLength(1);
});
