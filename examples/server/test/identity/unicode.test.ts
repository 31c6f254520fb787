import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { preparePassword, prepareUsername } from "lacre";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Passwords } from "../../src/identity/passwords.js";
import { readUsername } from "../../src/identity/usernames.js";
import { PASSWORD, TestServer } from "../support.js";

vi.mock("@node-rs/argon2", async (load) => {
  const original = await load<typeof import("@node-rs/argon2")>();
  return { ...original, verify: vi.fn(original.verify) };
});

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const register = (username: string, password = PASSWORD) =>
  server.request("POST", "/auth/register", { username, password });
const login = (username: string, password = PASSWORD) =>
  server.request("POST", "/auth/login", { username, password });

/** Creates an account like earlier versions, which hashed the raw password. */
async function createOldAccount(name: string, password: string): Promise<void> {
  const { looks, ...named } = readUsername(name);
  const hashed_password = await hash(password, COST);
  const user = { uuid: randomUUID(), ...named, hashed_password, created_at: 0 };
  await server.withStore((store) => store.users.create(user, looks));
}

const hashOf = (key: string) =>
  server.withStore(async (store) => (await store.users.listByKeys([key]))[0]!.hashed_password);

describe("a username", () => {
  it("is the same composed and decomposed, for registration, login, search and new chats", async () => {
    const ana = await server.register("ana_maria");
    const composed = "José_pérez";
    const decomposed = composed.normalize("NFD");
    expect(await register(decomposed)).toMatchObject({ status: 201, body: { username: composed } });
    for (const name of [composed, decomposed, composed.toUpperCase(), decomposed.toUpperCase()]) {
      expect(await login(name)).toMatchObject({ status: 200, body: { username: composed } });
      const { body } = await ana.get(`/users/search?q=${encodeURIComponent(name)}`);
      expect(body.users).toMatchObject([{ username: composed }]);
    }
    expect(await register(composed)).toMatchObject({ status: 409 });
    expect(await ana.chatWith(decomposed)).toBeGreaterThan(0);
  });

  it.each([
    ["Weiß_klaus", ["weiss_klaus", "WEISS_KLAUS", "weiß_klaus", "WEIẞ_KLAUS"]],
    ["IŞIK_demir", ["ışık_demir", "işik_demir", "IŞIK_DEMİR"]],
    ["İnci_aylin", ["inci_aylin", "I\u0307nci_aylin", "İNCİ_AYLİN"]],
    ["Νίκος_σ", ["νίκοσ_ς", "ΝΊΚΟΣ_Σ"]],
  ])("%s matches each form that UsernameCaseMapped maps to it", async (name, forms) => {
    expect((await register(name)).status).toBe(201);
    for (const form of forms) {
      expect(await login(form)).toMatchObject({ status: 200, body: { username: name } });
    }
  });

  it.each([
    ["Hindi", "सीता_देवी"],
    ["Thai", "น้ำฝน"],
    ["Burmese", "လျှော့လျှော့"],
    ["Tamil", "தமிழரசி"],
    ["Khmer", "សុភាព"],
    ["Hebrew with points", "מִרְיָם"],
    ["Yoruba", "Ọlá_ẹ̀kọ́"],
    ["Catalan", "paral·lel"],
  ])("may be %s, and is found by a prefix", async (_, name) => {
    const answer = await register(name);
    expect(answer).toMatchObject({ status: 201, body: { username: prepareUsername(name) } });
    expect((await login(name.normalize("NFD"))).status).toBe(200);
    const beginning = [...new Intl.Segmenter().segment(name)].slice(0, 2).map((one) => one.segment);
    const user = server.userOf(answer.body);
    const { body } = await user.get(`/users/search?q=${encodeURIComponent(beginning.join(""))}`);
    expect(body.users).toMatchObject([{ username: prepareUsername(name) }]);
  });

  it.each([
    ["marks in another order", "ก\u0e34\u0e48ง", "ก\u0e48\u0e34ง"],
    ["a decomposed vowel", "ทำดี", "ท\u0e4d\u0e32ดี"],
  ])("that looks like another is rejected: %s", async (_, one, other) => {
    expect((await register(one)).status).toBe(201);
    expect(await register(other)).toMatchObject({
      status: 409,
      body: { error_code: "ERR_USERNAME_TAKEN" },
    });
  });
});

describe("a password", () => {
  const composed = "contraseña con espacio";
  const typed = ["contrasen\u0303a con espacio", "contraseña\u00a0con\u2003espacio"];

  it("is the same composed and decomposed, and with any kind of space", async () => {
    expect((await register("one_password", typed[0])).status).toBe(201);
    expect(await verify(await hashOf("one_password"), composed)).toBe(true);
    for (const password of [composed, ...typed]) {
      expect((await login("one_password", password)).status).toBe(200);
    }
    for (const other of [`${composed} `, ` ${composed}`, composed.toUpperCase()]) {
      expect((await login("one_password", other)).status).toBe(401);
    }
  });

  it("with the hash of its raw form is accepted, and the hash is replaced with that of the prepared form", async () => {
    await createOldAccount("earlier_one", typed[0]!);
    expect((await login("earlier_one", composed)).status).toBe(401);
    const before = await hashOf("earlier_one");
    expect((await login("earlier_one", typed[0])).status).toBe(200);
    expect(await hashOf("earlier_one")).not.toBe(before);
    for (const password of [composed, ...typed]) {
      expect((await login("earlier_one", password)).status).toBe(200);
    }
  });

  it("is not hashed again if its prepared form is unchanged, too short or too long", async () => {
    await createOldAccount("earlier_two", composed);
    const before = await hashOf("earlier_two");
    expect((await login("earlier_two", typed[1])).status).toBe(200);
    expect(await hashOf("earlier_two")).toBe(before);

    const tooShort = "abcde\u0301";
    // This letter has three bytes, and its decomposition has six.
    const tooLong = "\ufb2c".repeat(341);
    for (const [name, password] of [
      ["earlier_three", tooShort],
      ["earlier_four", tooLong],
    ] as const) {
      await createOldAccount(name, password);
      const hashed = await hashOf(name);
      expect((await login(name, password)).status).toBe(200);
      expect(await hashOf(name)).toBe(hashed);
      expect(await register(`${name}_new`, password)).toMatchObject({ status: 422 });
    }
  });

  it("is verified as often for an unknown user", async () => {
    await createOldAccount("earlier_five", composed);
    const passwords = new Passwords();
    const origin = { network: "network", isKnownDevice: false };
    const known = await hashOf("earlier_five");
    for (const [password, times] of [
      ["another one", 1],
      ["anothe\u0301r one", 2],
      ["\ufb2c".repeat(341), 1],
    ] as const) {
      for (const hashed of [known, undefined]) {
        vi.mocked(verify).mockClear();
        expect(await passwords.verify(hashed, password, origin)).toBeUndefined();
        expect(verify).toHaveBeenCalledTimes(times);
      }
    }
    expect(preparePassword("anothe\u0301r one")).toBe("anothér one");
  });
});
