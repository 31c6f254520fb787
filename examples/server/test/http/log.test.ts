import { describe, expect, it } from "vitest";
import { createLog } from "../../src/log.js";

function lineOf(level: string, fields: object): string {
  let line = "";
  const log = createLog(level, {
    write: (text) => {
      line += text;
    },
  });
  log.info(fields, "what happened");
  return line;
}

describe("createLog", () => {
  it("redacts secrets at each depth", () => {
    for (const fields of [
      { password: "hunter2" },
      { headers: { authorization: "Bearer hunter2", cookie: "hunter2" } },
      { request: { body: { refresh_token: "hunter2", session_key: "hunter2" } } },
      { url: { query: "token=hunter2" } },
    ]) {
      const line = lineOf("info", fields);
      expect(line).toContain("what happened");
      expect(line).not.toContain("hunter2");
    }
  });

  it("logs type, message, code and stack of an error, without details that a driver adds", () => {
    const cause = Object.assign(new Error("duplicate key"), {
      code: "23505",
      detail: "Key (username)=(hunter2) already exists.",
      query: "insert into users",
    });
    const line = lineOf("info", { err: new Error("not stored", { cause }) });
    const { err } = JSON.parse(line);
    expect(err).toMatchObject({
      type: "Error",
      message: "not stored",
      cause: { type: "Error", message: "duplicate key", code: "23505" },
    });
    expect(err.stack).toContain("log.test.ts");
    expect(line).not.toMatch(/hunter2|insert into/);
    for (const odd of [undefined, null, "hunter2", { password: "hunter2" }]) {
      expect(lineOf("info", { err: odd })).not.toContain("hunter2");
    }
  });

  it("escapes characters that control a terminal or the direction of text", () => {
    const characters = ["\x1b", "\x7f", "\x9b", "\u2028", "\u202e"];
    const control = characters.join("[2J");
    const line = lineOf("info", { path: `/${control}`, origin: control });
    for (const character of characters) expect(line).not.toContain(character);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(line)).toMatchObject({ path: `/${control}`, origin: control });
  });

  it("truncates long texts of clients", () => {
    const long = "x".repeat(15_000);
    const fields = { path: `/${long}`, address: long, reason: long, short: "unchanged" };
    const line = lineOf("info", { ...fields, err: new Error(long, { cause: new Error(long) }) });
    expect(line.length).toBeLessThan(15_000);
    const { path, short, err } = JSON.parse(line);
    expect(path).toMatch(/^\/x{200,}…$/);
    expect([short, err.type]).toEqual(["unchanged", "Error"]);
  });

  it("writes nothing below its level", () => {
    expect(lineOf("warn", { a: 1 })).toBe("");
  });
});
