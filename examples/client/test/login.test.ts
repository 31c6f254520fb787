import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../server/src/database/open-database.js";
import { TestServer } from "../../server/test/support.js";
import { Account, Api, type Login, StoreError, signIn, storesInMemory } from "../src/index.js";
import { loginInFile } from "../src/node/index.js";
import { FailingProxy } from "./failing-proxy.js";

const server = new TestServer();
const folder = mkdtempSync(join(tmpdir(), "lacre-login-test-"));
let proxy: FailingProxy;

beforeAll(async () => {
  await server.start();
  proxy = await FailingProxy.start(server.url);
});
afterAll(async () => {
  proxy.close();
  await server.remove();
  rmSync(folder, { recursive: true });
});

/** Registers a user and stores the login in a file, with an expired access token. */
async function expiredLogin(username: string) {
  const file = loginInFile(join(folder, `${username}.json`));
  const credentials = { username, password: "correct horse" };
  const login = await signIn("register", proxy.url, credentials, file, storesInMemory);
  await file.write({ ...login, access_token: "expired" });
  return { path: join(folder, `${username}.json`), file };
}

/** Opens the account as another program does, which shares only the file. */
const program = (path: string) => Account.open(loginInFile(path), storesInMemory);

const refreshes = () => proxy.asked.filter((path) => path === "/auth/refresh").length;

it("renews the tokens once for all programs and their requests", async () => {
  const { path } = await expiredLogin("alice");
  const programs = await Promise.all([program(path), program(path), program(path)]);
  const before = refreshes();
  const asked = programs.flatMap(({ api }) => [api.getMe(), api.listChats(), api.createTicket()]);
  await Promise.all(asked);
  expect(refreshes() - before).toBe(1);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it("repeats a renewal that did not reach the server", async () => {
  const { path, file } = await expiredLogin("bob");
  const login = (await file.read())!;
  await file.write({ ...login, is_renewing: true });
  const { api } = await program(path);
  expect(await api.getMe()).toMatchObject({ username: "bob" });
  expect((await file.read())!.is_renewing).toBeUndefined();
});

it("repeats a renewal whose answer was lost, also from another program", async () => {
  const { path, file } = await expiredLogin("frank");
  const { api } = await program(path);
  proxy.loses = (asked) => asked === "/auth/refresh";
  await expect(api.getMe()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
  proxy.loses = () => false;
  expect(await (await program(path)).api.getMe()).toMatchObject({ username: "frank" });
  expect(await api.getMe()).toMatchObject({ username: "frank" });
  expect((await file.read())!.is_renewing).toBeUndefined();
});

it("has one device id for each server, which stays after a logout", async () => {
  const { path, file } = await expiredLogin("grace");
  const id = await file.deviceId(proxy.url);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  await file.remove();
  expect(await loginInFile(path).deviceId(proxy.url)).toBe(id);
  expect(await file.deviceId("https://other.example")).not.toBe(id);
});

it("ends the login, and gives the reason, if the answer to a renewal was lost too long ago", async () => {
  const { path, file } = await expiredLogin("carol");
  const { api } = await program(path);
  proxy.loses = (asked) => asked === "/auth/refresh";
  await expect(api.getMe()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
  proxy.loses = () => false;
  const db = openDatabase(server.database);
  await db.updateTable("sessions").set({ rotated_at: 0 }).execute();
  await db.destroy();
  const lost = { code: "ERR_LOGIN_ENDED", reason: "answer lost" };
  await expect(api.getMe()).rejects.toMatchObject(lost);
  // Another program gets the same error, and the login's file remains.
  await expect((await program(path)).api.getMe()).rejects.toMatchObject(lost);
  expect(await file.read()).toMatchObject({ username: "carol" });
});

it("ends the login if the server rejects a renewal", async () => {
  const { path, file } = await expiredLogin("dave");
  await file.write({ ...(await file.read())!, refresh_token: "none of the server's" });
  const { api } = await program(path);
  await expect(api.getMe()).rejects.toMatchObject({ code: "ERR_LOGIN_ENDED", reason: "ended" });
});

it("reports the code, the status and the retry time of a rejected request", async () => {
  const busy = new TestServer(undefined, { RATE_LIMIT_AUTH: "1" });
  await busy.start();
  try {
    const api = new Api(busy.url);
    const credentials = { username: "erin", password: "correct horse" };
    await api.register(credentials);
    await expect(api.register(credentials)).rejects.toMatchObject({
      code: "ERR_RATE_LIMITED",
      status: 429,
      retryAfter: expect.any(Number),
    });
  } finally {
    await busy.remove();
  }
});

it("distinguishes a server of another protocol from one that cannot be reached", async () => {
  const credentials = { username: "erin", password: "correct horse" };
  proxy.loses = () => true;
  await expect(new Api(proxy.url).login(credentials)).rejects.toMatchObject({
    code: "ERR_UNREACHABLE",
  });
  proxy.loses = () => false;
  await expect(new Api(`${proxy.url}/metrics?`).getHealth()).rejects.toMatchObject({
    code: "ERR_NOT_THIS_PROTOCOL",
  });
});

/** Like `expiredLogin`, with a store that rejects new tokens while `disk.isFull`. */
async function expiredLoginOnFullDisk(username: string) {
  const { path, file } = await expiredLogin(username);
  const disk = { isFull: true };
  const store = {
    ...file,
    async write(login: Login) {
      if (disk.isFull && !login.is_renewing) throw new StoreError("the disk is full");
      await file.write(login);
    },
  };
  const account = await Account.open(store, storesInMemory);
  return { path, file, disk, account, api: account.api };
}

it("stores renewed tokens later if they cannot be stored at once, and renews once", async () => {
  const { path, disk, api } = await expiredLoginOnFullDisk("gustav");
  const before = refreshes();
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(api.getMe()).rejects.toMatchObject({ code: "ERR_STORE" });
  }
  disk.isFull = false;
  expect(await api.getMe()).toMatchObject({ username: "gustav" });
  expect(refreshes() - before).toBe(1);
  expect(await (await program(path)).api.getMe()).toMatchObject({ username: "gustav" });
});

it("stores no renewed tokens over those of a later login, or after a logout", async () => {
  const { path, file, disk, api } = await expiredLoginOnFullDisk("hilda");
  const credentials = { username: "hilda", password: "correct horse" };
  await expect(api.getMe()).rejects.toMatchObject({ code: "ERR_STORE" });
  const later = await signIn("login", proxy.url, credentials, loginInFile(path), storesInMemory);
  disk.isFull = false;
  expect(await api.getMe()).toMatchObject({ username: "hilda" });
  expect((await file.read())!.refresh_token).toBe(later.refresh_token);

  const ended = await expiredLoginOnFullDisk("ines");
  await expect(ended.api.getMe()).rejects.toMatchObject({ code: "ERR_STORE" });
  await ended.file.remove();
  ended.disk.isFull = false;
  await expect(ended.api.getMe()).rejects.toMatchObject({ code: "ERR_NOT_LOGGED_IN" });
  expect(await ended.file.read()).toBeUndefined();
});

it("logs out on this device if renewed tokens cannot be stored", async () => {
  const { file, account } = await expiredLoginOnFullDisk("jana");
  expect(await account.logout()).toBe(false);
  expect(await file.read()).toBeUndefined();
});
