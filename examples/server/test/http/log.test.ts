import { describe, expect, it } from "vitest";
import { createLog } from "../../src/log.js";

function logged(level: string, fields: object): string {
  let line = "";
  const log = createLog(level, {
    write: (text) => {
      line += text;
    },
  });
  log.info(fields, "what happened");
  return line;
}

describe("the log", () => {
  it("covers secrets wherever they stand", () => {
    for (const fields of [
      { password: "hunter2" },
      { headers: { authorization: "Bearer hunter2", cookie: "hunter2" } },
      { request: { body: { refresh_token: "hunter2", session_key: "hunter2" } } },
      { url: { query: "token=hunter2" } },
    ]) {
      const line = logged("info", fields);
      expect(line).toContain("what happened");
      expect(line).not.toContain("hunter2");
    }
  });

  it("tells of an error what it is and where, and not what the driver adds", () => {
    const cause = Object.assign(new Error("duplicate key"), {
      code: "23505",
      detail: "Key (username)=(hunter2) already exists.",
      query: "insert into users",
    });
    const line = logged("info", { err: new Error("not stored", { cause }) });
    const { err } = JSON.parse(line);
    expect(err).toMatchObject({
      type: "Error",
      message: "not stored",
      cause: { type: "Error", message: "duplicate key", code: "23505" },
    });
    expect(err.stack).toContain("log.test.ts");
    expect(line).not.toMatch(/hunter2|insert into/);
    for (const odd of [undefined, null, "hunter2", { password: "hunter2" }]) {
      expect(logged("info", { err: odd })).not.toContain("hunter2");
    }
  });

  it("escapes characters that act on a terminal or turn the direction of text", () => {
    const characters = ["\x1b", "\x7f", "\x9b", "\u2028", "\u202e"];
    const acting = characters.join("[2J");
    const line = logged("info", { path: `/${acting}`, origin: acting });
    for (const character of characters) expect(line).not.toContain(character);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(line)).toMatchObject({ path: `/${acting}`, origin: acting });
  });

  it("has no more of what clients write than a line can take", () => {
    const long = "x".repeat(15_000);
    const fields = { path: `/${long}`, address: long, reason: long, short: "as it is" };
    const line = logged("info", { ...fields, err: new Error(long, { cause: new Error(long) }) });
    expect(line.length).toBeLessThan(15_000);
    const { path, short, err } = JSON.parse(line);
    expect(path).toMatch(/^\/x{200,}…$/);
    expect([short, err.type]).toEqual(["as it is", "Error"]);
  });

  it("is silent below its level", () => {
    expect(logged("warn", { a: 1 })).toBe("");
  });
});
