import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let alice: TestUser;
beforeAll(async () => {
  await server.start();
  alice = await server.register("Alice");
  for (const name of ["bob", "bob-1", "bob-2", "Bobby", "b_b", "βήτα"]) await server.register(name);
});
afterAll(() => server.remove());

const search = async (query: Record<string, string>) => {
  const { status, body } = await alice.get(`/users/search?${new URLSearchParams(query)}`);
  return status === 200 ? body.users.map((one: { username: string }) => one.username) : status;
};

describe("a user", () => {
  it("gets their own account, without the password hash", async () => {
    const { body } = await alice.get("/users/me");
    expect(body).toMatchObject({ user_id: alice.id, username: "Alice" });
    expect(Date.now() / 1000 - body.last_login).toBeLessThan(60);
    expect(Object.keys(body).sort()).toEqual([
      "created_at",
      "last_login",
      "user_id",
      "username",
      "uuid",
    ]);
  });

  it("finds users by prefix, ignoring case", async () => {
    expect(await search({ q: "BOB" })).toEqual(["bob", "bob-1", "bob-2", "Bobby"]);
    expect(await search({ q: "bobb" })).toEqual(["Bobby"]);
    expect(await search({ q: "Βή" })).toEqual(["βήτα"]);
    expect(await search({ q: "ob" })).toEqual([]);
    expect(await search({ q: "" })).toEqual([]);
  });

  it("finds no users by wildcards", async () => {
    for (const q of ["%", "b%", "_ob", "b*", "\\"]) expect(await search({ q })).toEqual([]);
    expect(await search({ q: "b_" })).toEqual(["b_b"]);
    expect(await search({ q: "b\u0000" })).toBe(422);
  });

  it("gets results in pages", async () => {
    const names: string[] = [];
    let after: string | undefined = "";
    while (after !== undefined) {
      const query = new URLSearchParams({ q: "bob", limit: "3", after });
      const { body } = await alice.get(`/users/search?${query}`);
      names.push(...body.users.map((one: { username: string }) => one.username));
      after = body.next;
    }
    expect(names).toEqual(["bob", "bob-1", "bob-2", "Bobby"]);
    for (const limit of ["0", "51", "x", "", "1.0"]) {
      expect(await search({ q: "bob", limit })).toBe(422);
    }
    expect(await search({ q: "x".repeat(257) })).toBe(422);
  });
});
