import { AuthRequest, ChatMessage, KeyError } from "lacre";
import { ERROR_CODES } from "lacre-api";
import { describe, expect, it } from "vitest";
import {
  ChatChangedError,
  LoginEndedError,
  plainSentence,
  ServerRejectionError,
  SessionEndedError,
  UnreachableError,
} from "../src/index.js";

const refusal = (error_code: string, retryAfter?: number) =>
  new ServerRejectionError({ error_code, error_message: "raw [text] → at path" }, 400, retryAfter);

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

describe("plainSentence", () => {
  it.each(Object.keys(ERROR_CODES))("has a sentence of its own for the server's %s", (code) => {
    const sentence = plainSentence(refusal(code));
    expect(sentence).toMatch(/^[A-Z].+[.]$/);
    expect(sentence).not.toMatch(/ERR_|raw/);
  });

  it("names a code that is newer than the client, and not the server's text", () => {
    expect(plainSentence(refusal("ERR_OF_TOMORROW"))).toMatch(/refused this \(ERR_OF_TOMORROW\)/);
    expect(plainSentence(refusal("toString"))).toMatch(/refused this \(toString\)/);
  });

  it("says when to try again", () => {
    expect(plainSentence(refusal("ERR_RATE_LIMITED", 7))).toContain("in 7 s.");
    expect(plainSentence(refusal("ERR_RATE_LIMITED", 61))).toContain("in 2 min.");
    expect(plainSentence(refusal("ERR_RATE_LIMITED"))).toContain("Wait a minute");
  });

  it("says which field does not fit, without the validator's text", () => {
    const signUp = (username: string, password: string) =>
      plainSentence(thrownBy(() => AuthRequest.parse({ username, password })));
    expect(signUp("a b", "long enough")).toMatch(/^A username has 3 to 50/);
    expect(signUp("alice", "short")).toMatch(/^A password has 6 to 1024/);
    expect(plainSentence(thrownBy(() => ChatMessage.parse({})))).not.toMatch(/invalid/i);
  });

  it("hides the browser's text of a failed request", () => {
    const sentence = plainSentence(new UnreachableError("https://chat.example", "Failed to fetch"));
    expect(sentence).toBe("The server does not answer. Check your connection and try again.");
  });

  it("keeps details that only the error has", () => {
    expect(plainSentence(new ChatChangedError("bob", ["salt"]))).toMatch(
      /^The server changed salt .+bob/,
    );
    expect(plainSentence(new LoginEndedError("ended"))).toMatch(
      /^The server does not accept.+[.]$/,
    );
    expect(plainSentence(new SessionEndedError("policy"))).toMatch(/policy/);
  });

  it("accepts any thrown value", () => {
    for (const thrown of [new TypeError("x is undefined"), "text", undefined]) {
      expect(plainSentence(thrown)).toMatch(/^Something failed in this page/);
    }
    expect(plainSentence(new KeyError("the passphrase is empty"))).toMatch(/passphrase/);
  });
});
