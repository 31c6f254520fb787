import { afterEach, describe, expect, it, vi } from "vitest";
import { DRAWN_GUESSES, drawBelow, drawPassphrase, wordsOf } from "../src/passphrase/draw.js";
import { DRAWN_PASSPHRASE, judgePassphrase } from "../src/passphrase/strength.js";

afterEach(() => void vi.restoreAllMocks());

/** Makes `crypto.getRandomValues` return these numbers, one per call. */
function randomIs(...numbers: number[]): void {
  vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    (array as Uint32Array)[0] = numbers.shift()!;
    return array;
  });
}

describe.each(["en", "es"] as const)("the word list %s", (language) => {
  it("has enough different words, in letters that every keyboard has", async () => {
    const words = await wordsOf(language);
    expect(words.length ** 5).toBeGreaterThanOrEqual(DRAWN_GUESSES);
    expect(new Set(words.map((word) => word.slice(0, 4))).size).toBe(words.length);
    for (const word of words) expect(word).toMatch(/^[a-z]{3,8}$/);
  });

  it("draws passphrases of five words, of which none is weak", async () => {
    const words = await wordsOf(language);
    const drawn = await Promise.all(Array.from({ length: 50 }, () => drawPassphrase(language)));
    expect(new Set(drawn).size).toBe(drawn.length);
    for (const passphrase of drawn) {
      const parts = passphrase.split(" ");
      expect(parts).toHaveLength(5);
      for (const part of parts) expect(words).toContain(part);
      expect(await judgePassphrase(passphrase)).toMatchObject({ isBelowFloor: false });
    }
  });
});

describe("drawBelow", () => {
  it("draws again if the remainder would favour the first numbers", () => {
    const last = 2 ** 32 - (2 ** 32 % 1714);
    randomIs(last, 2 ** 32 - 1, last - 1);
    expect(drawBelow(1714)).toBe(1713);
  });

  it("returns the first and the last number", () => {
    randomIs(0, 1713, 1714);
    expect([drawBelow(1714), drawBelow(1714), drawBelow(1714)]).toEqual([0, 1713, 0]);
  });
});

describe("judgePassphrase", () => {
  it.each([
    "a",
    "12345678",
    "contraseña",
    "correct horse",
    "qwertyuiop",
    "te quiero mucho",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "casa casa casa casa casa casa",
    "barcelona2024",
  ])("takes %j for too weak", async (passphrase) => {
    expect(await judgePassphrase(passphrase)).toMatchObject({
      strength: "weak",
      isBelowFloor: true,
    });
  });

  it.each(["correct horse battery staple", "Tr0ub4dor&3xK9!", "zafiro-lince-trueno-vagón"])(
    "takes %j",
    async (passphrase) => {
      expect(await judgePassphrase(passphrase)).toMatchObject({ isBelowFloor: false });
    },
  );

  it("counts the members' names as known words", async () => {
    const [strange, known] = await Promise.all([
      judgePassphrase("wojciechowska kowalczyk"),
      judgePassphrase("wojciechowska kowalczyk", ["wojciechowska", "kowalczyk"]),
    ]);
    expect(strange.isBelowFloor).toBe(false);
    expect(known.isBelowFloor).toBe(true);
  });

  it("judges every drawn passphrase as strong", () => {
    expect(DRAWN_PASSPHRASE).toEqual({
      strength: "strong",
      sentence: "Strong: ten fast graphics cards guess it in thousands of years.",
      isBelowFloor: false,
    });
  });

  it("says how long guessing takes", async () => {
    expect((await judgePassphrase("a")).sentence).toBe(
      "Too weak: ten fast graphics cards guess it in less than a second.",
    );
    expect((await judgePassphrase("pudor fatiga rural hebra leche cetro lucha")).sentence).toBe(
      "Strong: ten fast graphics cards guess it in thousands of years.",
    );
  });

  it("judges a long text in reasonable time", async () => {
    await expect(judgePassphrase("palabra ".repeat(100_000))).resolves.toBeDefined();
  });
});
