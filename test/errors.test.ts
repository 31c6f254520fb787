import { expect, it } from "vitest";
import {
  DecodeError,
  DecryptError,
  FreshnessError,
  KeyError,
  LacreError,
  ValidationError,
  VerifyError,
} from "../src/index.js";

const cause = new Error("the cause");
const issue = { path: ["text"], message: "must be text" };

it.each([
  ["LacreError", "ERR_VERIFY", new LacreError("ERR_VERIFY", "text", { cause }), cause],
  ["DecodeError", "ERR_MALFORMED", new DecodeError("text", { cause }), cause],
  ["DecodeError", "ERR_BOUND_EXCEEDED", new DecodeError("text", { code: "ERR_BOUND_EXCEEDED" })],
  ["VerifyError", "ERR_VERIFY", new VerifyError()],
  ["FreshnessError", "ERR_EXPIRED", new FreshnessError("ERR_EXPIRED", "text")],
  ["ValidationError", "ERR_VALIDATION", new ValidationError("message", [issue], { cause }), cause],
  ["DecryptError", "ERR_DECRYPT", new DecryptError()],
  ["KeyError", "ERR_KEY", new KeyError("text", { cause }), cause],
  ["KeyError", "ERR_UNSIGNED", new KeyError("text", { code: "ERR_UNSIGNED" })],
] as const)("a %s has its name, the code %s, and its cause", (name, code, error, cause?: Error) => {
  expect(error).toBeInstanceOf(LacreError);
  expect(error).toMatchObject({ name, code });
  expect(error.cause).toBe(cause);
});

it("VerifyError and DecryptError do not reveal a reason", () => {
  expect(new VerifyError().message).toBe("the frame is not authentic under this key");
  expect(new DecryptError().message).toBe("the content does not decrypt under this key");
});

it("a ValidationError names each problem and its path", () => {
  const text = (...path: PropertyKey[]) =>
    new ValidationError("message", [{ path, message: "is wrong" }]).message;
  expect(text()).toBe("message: is wrong");
  expect(text("a_b-c", 0, "9")).toBe("message: a_b-c.0.9: is wrong");
  expect(text("a\nb", "\nc", "d\n", "", "é")).toBe(
    'message: "a\\nb"."\\nc"."d\\n".""."é": is wrong',
  );
  expect(text(Symbol("s"))).toBe('message: "Symbol(s)": is wrong');
  expect(text("k".repeat(65))).toBe(`message: ${"k".repeat(64)}: is wrong`);
});

it("a ValidationError has at most 16 issues, and counts the others", () => {
  const errorOf = (count: number) => new ValidationError("message", Array(count).fill(issue));
  expect(errorOf(2).message).toBe("message: text: must be text; text: must be text");
  expect(errorOf(16).message).toMatch(/text: must be text$/);
  expect(errorOf(17).message).toMatch(/; text: must be text; and 1 more$/);
  expect(errorOf(17).issues).toEqual(Array(16).fill(issue));
});
