import fc from "fast-check";
import { usernameKey } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/runs.js";
import { readUsername } from "../../src/identity/usernames.js";
import { PASSWORD, TestServer } from "../support.js";

const resultOf = (name: string) => {
  try {
    readUsername(name);
    return "accepted";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const names = fc.string({
  unit: fc.constantFrom(
    ..."abcABCzZ0189_-äÖßİıIiHjΣςσΐéҖжЖ田あ각ﬁनकीกำאם",
    "\u0e34",
    "\u0e49",
    "\u093c",
    "\u094d",
    "\u05b8",
    "\u0301",
    "\u0331",
    "\u0323",
    "\u0307",
  ),
  maxLength: 12,
});

describe("a username", () => {
  it.each([
    ...["alice", "Bob", "x1y", "ana_maría", "jean-luc", "Ødegård", "straße", "007", "a-1"],
    ...["Ольга", "дмитрий", "Ελένη", "שרה1", "محمد", "अमिता", "สมชาย", "გიორგი", "Արամ"],
    ...["सीता", "लक्ष्मी", "ज़ोया", "น้ำฝน", "ปิ่น_7", "ຄຳພັນ", "မြန်မာ", "လျှော့", "ខ្មែរ", "தமிழ்", "తెలుగు"],
    ...["ಕನ್ನಡ", "മലയാളം", "বাংলা", "ગુજરાતી", "ਪੰਜਾਬੀ", "සිංහල", "བོད་".slice(0, 3), "ދިވެހި"],
    ...["מִרְיָם", "مُحَمَّد", "Ọlá_ẹ̀kọ́", "g̃uarani", "paral·lel", "PARAL·LEL", "か゚き゚く゚", "שרה_1-ב"],
    ...["田中さん", "たなか", "タナカ", "山田太郎", "李小龙", "김철수", "tanaka田中", "kim철수"],
  ])("may be %s", (name) => expect(resultOf(name)).toBe("accepted"));

  it.each([
    ["a mix of Latin and Cyrillic", "pаypal"],
    ["a mix of Latin and Greek", "αlice"],
    ["a mix of Cyrillic and Greek", "ольγα"],
    ["an invisible joiner", "ali\u200dce"],
    ["a soft hyphen", "ali\u00adce"],
    ["a zero-width space", "ali\u200bce"],
    ["a directional override", "alice\u202e"],
    ["a Hangul filler", "abc\u3164"],
    ["a variation selector", "alice\ufe0f"],
    ["digits of two kinds", "user1٢"],
    ["a space", "al ice"],
    ["a dot", "al.ice"],
    ["an emoji", "alice😀"],
    ["an Old Italic letter, which NFKC does not map to Latin", "ali𐌂e"],
    ["small capitals", "ᴀʟɪᴄᴇ"],
    ["two letters", "al"],
    ["no letter or digit", "___"],
    ["a mark without a base", "\u0301bob"],
    ["a mark on a character that is not a letter", "a_\u0301b"],
    ["a repeated mark", "e\u0301\u0301va"],
    ["many marks on one letter", "a\u0301\u0302\u0303\u0304\u0305b"],
    ["a dot on a dot", "j\u0307ohn"],
    ["a dot on an i without one", "ı\u0307da"],
    ["a dot on an i with ogonek", "į\u0307da"],
    ["a mark of another script", "नि\u0e49ल"],
    ["a Latin mark on a Hindi letter", "न\u0301ील"],
    ["a voiced mark on a Latin letter", "ka\u3099か"],
    ["a vowel sign on a vowel letter, which looks like another letter", "अ\u093eशा"],
    ["a vowel sign on a vowel letter in Malayalam", "അ\u0d4cമ"],
    ["a mark that crosses out a letter", "o\u0338la"],
    ["a cantillation mark", "שר\u0591ה"],
    ["a middle dot that is not between two l", "al·ice"],
    ["a middle dot at its end", "paral·"],
    ["a ligature", "ﬁona"],
    ["a mathematical letter", "𝒜lice"],
    ["a digit before right-to-left letters", "1שרה"],
    ["a hyphen after right-to-left letters", "שרה-"],
    ["a _ before right-to-left letters", "_محمد"],
    ["only right-to-left digits", "٣٤٥"],
    ["a joiner, even in a script that uses it", "ශ්\u200dරී"],
  ])("may not have %s", (_, name) => expect(resultOf(name)).toBe("ERR_USERNAME_REFUSED"));

  it("is normalised to its usual width, and compared without case", () => {
    expect(readUsername("ａｌｉｃｅ").username).toBe("alice");
    for (const [one, other] of [
      ["ALICE", "alice"],
      ["ａｌｉｃｅ", "alice"],
      ["STRASSE", "straße"],
      ["ΣΊΣΥΦΟΣ", "σίσυφος"],
      ["ﬁona", "fiona"],
    ] as const) {
      expect(usernameKey(one)).toBe(usernameKey(other));
    }
  });

  it("has a key that starts with the key of each prefix, so that a search by prefix finds it", () => {
    fc.assert(
      fc.property(names, fc.nat(12), (name, length) => {
        const username = name.normalize("NFKC");
        const letters = [...new Intl.Segmenter().segment(username)].map(({ segment }) => segment);
        const beginning = letters.slice(0, length).join("");
        expect(usernameKey(username).startsWith(usernameKey(beginning))).toBe(true);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("has the same key in upper case, lower case and decomposed", () => {
    fc.assert(
      fc.property(names, (name) => {
        fc.pre(resultOf(name) === "accepted");
        const key = usernameKey(name);
        const typed = [name.toUpperCase(), name.toLowerCase(), name.normalize("NFD"), key];
        for (const other of typed) expect(usernameKey(other)).toBe(key);
      }),
      { numRuns: runs(5000) },
    );
  });
});

describe("two users", () => {
  const server = new TestServer();
  beforeAll(() => server.start());
  afterAll(() => server.remove());
  const register = (username: string) =>
    server.request("POST", "/auth/register", { username, password: PASSWORD });

  it.each([
    ["paypal", "PAYPAL"],
    ["payme1", "paymel"],
    ["billy0", "billyO"],
    ["modern", "modem"],
    ["Ilyas", "llyas"],
    ["сор_x".slice(0, 3), "сОр"],
  ])("cannot be called %s and %s", async (one, other) => {
    expect((await register(one)).status).toBe(201);
    const { status, body } = await register(other);
    expect([status, body.error_code]).toEqual([409, "ERR_USERNAME_TAKEN"]);
  });

  it("cannot both register one name simultaneously", async () => {
    const answers = await Promise.all(["racer", "Racer", "RACER", "ｒacer"].map(register));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it("cannot both register names that look alike simultaneously", async () => {
    const answers = await Promise.all(["тор", "Top", "T0P", "ΤΟΡ"].map(register));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it("keep their names as registered, and cannot log in with a look-alike", async () => {
    const neil = await server.register("Neil");
    const { body } = await neil.get("/users/me");
    expect(body.username).toBe("Neil");
    const login = (username: string) =>
      server.request("POST", "/auth/login", { username, password: PASSWORD });
    expect((await login("nEIL")).body.username).toBe("Neil");
    expect((await login("nell")).status).toBe(401);
  });

  it("find each other by prefix, without wildcards", async () => {
    const user = await server.register("wild_card");
    await server.register("wildcard");
    const names = async (q: string) =>
      (await user.get(`/users/search?q=${encodeURIComponent(q)}`)).body.users.map(
        (one: { username: string }) => one.username,
      );
    expect(await names("WILD")).toEqual(["wild_card", "wildcard"]);
    expect(await names("wild_")).toEqual(["wild_card"]);
    for (const q of ["%", "wild%", "*", "", "w_ld"]) expect(await names(q)).toEqual([]);
    const first = (await user.get("/users/search?q=wild&limit=1")).body;
    const second = (await user.get(`/users/search?q=wild&limit=1&after=${first.next}`)).body;
    expect([first.users[0].username, second.users[0].username]).toEqual(["wild_card", "wildcard"]);
    expect(second).not.toHaveProperty("next");
  });
});
