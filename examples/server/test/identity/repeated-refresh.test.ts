import { decodeJwt } from "jose";
import { AuthResponse } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { PASSWORD, TestServer } from "../support.js";

const server = new TestServer();
beforeAll(async () => {
  await server.start();
  await server.register("alice");
});
afterAll(() => server.remove());

const DEVICE = "6f1c1a52a1fd4d0f9f1de2b6d4a7c9e3";

async function logIn(device_id?: string) {
  const credentials = { username: "alice", password: PASSWORD, device_id };
  return AuthResponse.parse((await server.request("POST", "/auth/login", credentials)).body);
}

const refresh = (refresh_token: string | undefined, device_id?: string) =>
  server.request("POST", "/auth/refresh", { refresh_token, device_id });

async function statusWith(token: string | undefined) {
  return (await server.request("GET", "/users/me", undefined, token)).status;
}

/** Moves each refresh so many seconds into the past. */
async function age(seconds: number): Promise<void> {
  const db = openDatabase(server.database);
  await db
    .updateTable("sessions")
    .set(({ eb }) => ({ rotated_at: eb("rotated_at", "-", seconds) }))
    .execute();
  await db.destroy();
}

describe("a repeated refresh from the login's device", () => {
  it("returns the same refresh token within 30 s, because the first answer may be lost", async () => {
    const first = await logIn(DEVICE);
    const answers = [await refresh(first.refresh_token, DEVICE)];
    await age(25);
    answers.push(await refresh(first.refresh_token, DEVICE));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const [one, two] = answers.map(({ body }) => AuthResponse.parse(body));
    const [claims, claimsAgain] = [one, two].map((answer) => decodeJwt(answer!.refresh_token!));
    expect([claims!.jti, claims!.exp]).toEqual([claimsAgain!.jti, claimsAgain!.exp]);
    expect(two!.session_key).toEqual(first.session_key);
    expect((await refresh(two!.refresh_token, DEVICE)).status).toBe(200);
  });

  it("returns one refresh token to simultaneous requests", async () => {
    const { refresh_token } = await logIn(DEVICE);
    const requests = Array.from({ length: 8 }, () => refresh(refresh_token, DEVICE));
    const answers = await Promise.all(requests);
    const ids = answers.map(({ body }) => decodeJwt(AuthResponse.parse(body).refresh_token!).jti);
    expect(new Set(ids).size).toBe(1);
  });

  it("ends the session after more than 30 s", async () => {
    const first = await logIn(DEVICE);
    const next = AuthResponse.parse((await refresh(first.refresh_token, DEVICE)).body);
    await age(31);
    expect((await refresh(first.refresh_token, DEVICE)).status).toBe(401);
    expect(await statusWith(next.access_token)).toBe(401);
  });

  it("ends the session after the new refresh token was used", async () => {
    const first = await logIn(DEVICE);
    const second = AuthResponse.parse((await refresh(first.refresh_token, DEVICE)).body);
    const third = AuthResponse.parse((await refresh(second.refresh_token, DEVICE)).body);
    expect((await refresh(first.refresh_token, DEVICE)).status).toBe(401);
    expect(await statusWith(third.access_token)).toBe(401);
  });

  it.each([
    ["from another device", DEVICE, "another device"],
    ["without a device", DEVICE, undefined],
    ["of a login without a device", undefined, undefined],
  ])("ends the session %s", async (_, device, presented) => {
    const first = await logIn(device);
    const next = AuthResponse.parse((await refresh(first.refresh_token, device)).body);
    expect((await refresh(first.refresh_token, presented)).status).toBe(401);
    expect(await statusWith(next.access_token)).toBe(401);
  });

  it("is rejected after a logout", async () => {
    const first = await logIn(DEVICE);
    const next = AuthResponse.parse((await refresh(first.refresh_token, DEVICE)).body);
    await server.request("POST", "/auth/logout", undefined, next.access_token);
    expect((await refresh(first.refresh_token, DEVICE)).status).toBe(401);
  });
});
