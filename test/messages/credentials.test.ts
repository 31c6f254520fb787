import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AuthRequest,
  isSameUsername,
  preparePassword,
  prepareUsername,
  usernameKey,
} from "../../src/index.js";

/** Letters with special rules of case, width or composition, and marks that compose with them. */
const HARD =
  "abIiİıJjSsßẞΣσςÅåÄÖÉéĿŀﬁǅᾳΆЁёЖж田あがｶﾞＡａ각กำนศअिक़ড়םשاآ०७٣_-" +
  "\u0300\u0301\u0307\u0308\u030a\u0323\u0345\u0e49\u0e33\u093c\u093f\u05b8\u3099";
const names = fc.string({ unit: fc.constantFrom(...HARD), maxLength: 12 });
const anyText = fc.string({ unit: "binary", maxLength: 20 });
const parse = (username: string) => AuthRequest.safeParse({ username, password: "secreto" });

/** RFC 8265, section 3.3: UsernameCaseMapped without its checks. */
const caseMapped = (name: string) => prepareUsername(name).toLowerCase().normalize("NFC");

describe("prepareUsername", () => {
  it.each([
    ["composes", "Jose\u0301", "José"],
    ["maps full width", "Ａｌｉｃｅ＿１", "Alice_1"],
    ["maps half width, and composes the result", "ｶﾞｷ", "ガキ"],
    ["keeps case", "IŞIK_Weiß", "IŞIK_Weiß"],
    ["keeps a Thai vowel in one piece", "น้ำ", "น้ำ"],
    ["keeps a ligature", "ﬁona", "ﬁona"],
  ])("%s", (_, name, prepared) => expect(prepareUsername(name)).toBe(prepared));

  it("does not change a prepared name", () => {
    fc.assert(
      fc.property(fc.oneof(names, anyText), (name) => {
        const prepared = prepareUsername(name);
        expect(prepareUsername(prepared)).toBe(prepared);
      }),
    );
  });

  it("returns the same for composed and decomposed names", () => {
    fc.assert(
      fc.property(names, (name) => {
        const prepared = prepareUsername(name);
        for (const form of ["NFC", "NFD"]) {
          expect(prepareUsername(name.normalize(form))).toBe(prepared);
        }
      }),
    );
  });
});

describe("usernameKey", () => {
  it.each([
    ["Weiß_klaus", "weiss_klaus"],
    // Two marks, and the mark U+0345, whose upper case is a letter.
    ["\u1fb4\u0301_a", "\u03ac\u0301\u03b9_a"],
    ["WEISS_KLAUS", "weiss_klaus"],
    ["WEIẞ_KLAUS", "weiss_klaus"],
    ["IŞIK_demir", "işik_demir"],
    ["ışık_demir", "işik_demir"],
    ["İnci_aylin", "inci_aylin"],
    ["I\u0307nci_aylin", "inci_aylin"],
    ["ΣΊΣΥΦΟΣ", "σίσυφοσ"],
    ["ｱリス", "アリス"],
    ["ﬁona", "fiona"],
  ])("of %s is %s", (name, key) => expect(usernameKey(name)).toBe(key));

  it("distinguishes names that differ in more than case, width and composition", () => {
    for (const [one, other] of [
      ["José", "Jose"],
      ["weisz", "weiß"],
      ["ana_1", "ana-1"],
      ["ольга", "ольгa"],
      ["नीता", "निता"],
    ] as const) {
      expect(isSameUsername(one, other), `${one} ${other}`).toBe(false);
    }
  });

  it("is equal for names that are equal under UsernameCaseMapped", () => {
    fc.assert(
      fc.property(names, (name) => {
        fc.pre(parse(name).success);
        expect(usernameKey(caseMapped(name))).toBe(usernameKey(name));
        expect(isSameUsername(name.normalize("NFD"), prepareUsername(name))).toBe(true);
      }),
    );
  });

  it("is equal for a letter and its lower and upper case", () => {
    for (let point = 0; point < 0x30000; point++) {
      if (point >= 0xd800 && point < 0xe000) continue;
      const letter = String.fromCodePoint(point);
      if (!/\p{L}/u.test(letter)) continue;
      const key = usernameKey(letter);
      const forms = [letter.toLowerCase(), letter.toUpperCase(), prepareUsername(letter), key];
      for (const form of forms) {
        if (usernameKey(form) !== key) expect.fail(`U+${point.toString(16)}`);
      }
    }
  });
});

describe("a username of AuthRequest", () => {
  it.each([
    ...[
      "Jose\u0301",
      "José",
      "अमिता",
      "सरस्वती",
      "สมชาย",
      "น้ำฝน",
      "ปิ่น",
      "ຄຳພັນ",
      "ក្រឹ",
      "မြင့်",
      "מִרְיָם",
    ],
    ...["தமிழ்", "ശ്രീ", "බුදු", "བསྒྲུབས", "ẹ́ní", "paral·lel", "가나다", "ｶﾞｷﾞｸﾞ", "लक्ष्मी_7"],
  ])("accepts %s", (username) => {
    const result = parse(username);
    expect(result).toMatchObject({ success: true });
    expect(result.success && result.value.username).toBe(prepareUsername(username));
  });

  it.each([
    ["a mark without a letter", "\u0301abc"],
    ["a mark on a digit", "abc1\u0301"],
    ["a mark on _", "abc_\u0301"],
    ["an enclosing mark", "abc\u20dd"],
    ["a middle dot after a letter other than l", "abc·lel"],
    ["a zero width joiner", "ශ්\u200dරී"],
    ["marks without a letter", "\u093f\u093f\u093f"],
    ["a lone surrogate", "abc\ud800"],
    ["fewer than three characters after composition", "e\u0301e\u0301"],
  ])("rejects %s", (_, username) => expect(parse(username).success).toBe(false));

  it("accepts at most six marks in a row", () => {
    expect(parse(`กบ${"\u0e49".repeat(6)}ก`).success).toBe(true);
    expect(parse(`กบ${"\u0e49".repeat(7)}ก`).success).toBe(false);
  });

  it("has 3 to 50 code points after preparation", () => {
    for (const letter of ["e\u0301", "ｶﾞ", "กำ", "𝒜", "\u1f80"]) {
      const length = [...prepareUsername(letter)].length;
      for (const form of ["NFC", "NFD"]) {
        const name = (count: number) => letter.repeat(count).normalize(form);
        expect(parse(name(50 / length)).success, letter).toBe(true);
        expect(parse(`${name(50 / length)}x`).success, letter).toBe(false);
      }
    }
    expect(parse("e\u0301".repeat(3)).success).toBe(true);
    expect(parse("x".repeat(1_000_000)).success).toBe(false);
  });
});

describe("preparePassword", () => {
  it.each([
    ["composes", "contrasen\u0303a", "contraseña"],
    ["maps every space", "a\u00a0b\u2003c\u3000d\u202fe\u205ff\u1680g", "a b c d e f g"],
    ["trims nothing", " \u00a0 clave \n", "   clave \n"],
    ["keeps case, width and ligatures", "Ａ ﬁ", "Ａ ﬁ"],
    ["keeps joiners and controls", "👩\u200d🚒\ufe0f\t", "👩\u200d🚒\ufe0f\t"],
  ])("%s", (_, password, prepared) => expect(preparePassword(password)).toBe(prepared));

  it("does not change a prepared password, and returns the same for composed and decomposed ones", () => {
    fc.assert(
      fc.property(fc.oneof(names, anyText), (password) => {
        const prepared = preparePassword(password);
        expect(preparePassword(prepared)).toBe(prepared);
        expect(preparePassword(password.normalize("NFD"))).toBe(prepared);
      }),
    );
  });
});
