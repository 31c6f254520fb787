import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { Account, Api, signIn, storesInMemory } from "../src/index.js";
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

/** A login in a file, whose access token has expired. */
async function expiredLogin(username: string) {
  const file = loginInFile(join(folder, `${username}.json`));
  const credentials = { username, password: "correct horse" };
  const login = await signIn("register", proxy.url, credentials, file, storesInMemory);
  await file.write({ ...login, access_token: "expired" });
  return { path: join(folder, `${username}.json`), file };
}

/** As another program of the same login would: with the file alone in common. */
const program = (path: string) => Account.open(loginInFile(path), storesInMemory);

const refreshes = () => proxy.asked.filter((path) => path === "/auth/refresh").length;

it("one renewal is enough for all programs and all their requests", async () => {
  const { path } = await expiredLogin("alice");
  const programs = await Promise.all([program(path), program(path), program(path)]);
  const before = refreshes();
  const asked = programs.flatMap(({ api }) => [api.getMe(), api.listChats(), api.createTicket()]);
  await Promise.all(asked);
  expect(refreshes() - before).toBe(1);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it("a renewal that the server never saw is made again", async () => {
  const { path, file } = await expiredLogin("bob");
  const login = (await file.read())!;
  await file.write({ ...login, is_renewing: true });
  const { api } = await program(path);
  expect(await api.getMe()).toMatchObject({ username: "bob" });
  expect((await file.read())!.is_renewing).toBeUndefined();
});

it("a renewal whose answer got lost ends the login, and says that this is why", async () => {
  const { path, file } = await expiredLogin("carol");
  const { api } = await program(path);
  proxy.loses = (asked) => asked === "/auth/refresh";
  await expect(api.getMe()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
  proxy.loses = () => false;
  const lost = { code: "ERR_LOGIN_ENDED", reason: "answer lost" };
  await expect(api.getMe()).rejects.toMatchObject(lost);
  // Another program says the same, and nobody's file is gone.
  await expect((await program(path)).api.getMe()).rejects.toMatchObject(lost);
  expect(await file.read()).toMatchObject({ username: "carol" });
});

it("a refused renewal ends the login", async () => {
  const { path, file } = await expiredLogin("dave");
  await file.write({ ...(await file.read())!, refresh_token: "none of the server's" });
  const { api } = await program(path);
  await expect(api.getMe()).rejects.toMatchObject({ code: "ERR_LOGIN_ENDED", reason: "ended" });
});

it("a refusal has the server's code, its status, and when to come back", async () => {
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

it("what is no lacre server is told from one that is not there", async () => {
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
