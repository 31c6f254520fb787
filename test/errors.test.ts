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
  ["LacreError", "ERR_VERIFY", new LacreError("ERR_VERIFY", "said", { cause }), cause],
  ["DecodeError", "ERR_MALFORMED", new DecodeError("said", { cause }), cause],
  ["DecodeError", "ERR_BOUND_EXCEEDED", new DecodeError("said", { code: "ERR_BOUND_EXCEEDED" })],
  ["VerifyError", "ERR_VERIFY", new VerifyError()],
  ["FreshnessError", "ERR_EXPIRED", new FreshnessError("ERR_EXPIRED", "said")],
  ["ValidationError", "ERR_VALIDATION", new ValidationError("message", [issue], { cause }), cause],
  ["DecryptError", "ERR_DECRYPT", new DecryptError()],
  ["KeyError", "ERR_KEY", new KeyError("said", { cause }), cause],
  ["KeyError", "ERR_UNSIGNED", new KeyError("said", { code: "ERR_UNSIGNED" })],
] as const)("a %s has its name, the code %s, and its cause", (name, code, error, cause?: Error) => {
  expect(error).toBeInstanceOf(LacreError);
  expect(error).toMatchObject({ name, code });
  expect(error.cause).toBe(cause);
});

it("what is not authentic, and what does not decrypt, say no more than that", () => {
  expect(new VerifyError().message).toBe("the frame is not authentic under this key");
  expect(new DecryptError().message).toBe("the content does not decrypt under this key");
});

it("a ValidationError says what is wrong, and where", () => {
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

it("a ValidationError has 16 issues at most, and says how many more there are", () => {
  const errorOf = (count: number) => new ValidationError("message", Array(count).fill(issue));
  expect(errorOf(2).message).toBe("message: text: must be text; text: must be text");
  expect(errorOf(16).message).toMatch(/text: must be text$/);
  expect(errorOf(17).message).toMatch(/; text: must be text; and 1 more$/);
  expect(errorOf(17).issues).toEqual(Array(16).fill(issue));
});
