import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { operations } from "lacre-api";
import {
  Account,
  createChat,
  loginInMemory,
  Messenger,
  type MessengerEvent,
  openChat,
  signIn,
  storesInMemory,
} from "lacre-client";
import { NodeWebSocket } from "lacre-client/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { buildCommand } from "../../../contract/tools/build.js";
import { createDatabase, type ScratchDatabase } from "../../harness/processes/database.js";
import { isNginxInstalled, NginxProcess } from "../../harness/processes/nginx-process.js";
import { ServerProcess } from "../../harness/processes/server-process.js";
import { until } from "../../harness/until.js";
import { OWN_ADDRESSES } from "../../src/config.js";
import { PASSWORD, TestServer } from "../support.js";

const run = promisify(execFile);
const program = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const BASE_PATH = "/apps/lacre";

it("OWN_ADDRESSES contains the first segment of each operation's path", () => {
  const own = operations.map(({ path }) => path.split("/")[1]!);
  expect(OWN_ADDRESSES).toEqual(expect.arrayContaining(own));
});

describe("a server with a base path", () => {
  const folder = mkdtempSync(join(tmpdir(), "lacre-base-path-"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>page</title>");
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "assets", "main-1.js"), "");
  const server = new TestServer(undefined, { BASE_PATH: `${BASE_PATH}/`, WEB_ROOT: folder });
  beforeAll(() => server.start());
  afterAll(async () => {
    await server.remove();
    rmSync(folder, { recursive: true });
  });
  const at = (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init);

  it.each(["/", "/assets/main-1.js", "/health", "/docs", "/docs/start.js", "/openapi.json"])(
    "answers %s with and without the base path",
    async (path) => {
      expect((await at(path)).status).toBe(200);
      expect((await at(BASE_PATH + path)).status).toBe(200);
      expect((await at(BASE_PATH + BASE_PATH + path)).status).toBe(404);
      expect((await at(`${BASE_PATH}x${path}`)).status).toBe(404);
    },
  );

  it("includes the base path in its URL and in the OpenAPI document", async () => {
    expect(new URL(server.url).pathname).toBe(BASE_PATH);
    const { body } = await server.request("GET", "/openapi.json");
    expect(body.servers).toEqual([{ url: BASE_PATH }]);
  });

  it("redirects the base path to the page with a slash, so that relative links work", async () => {
    const { status, headers } = await at(BASE_PATH, { redirect: "manual" });
    expect([status, headers.get("location")]).toEqual([302, `${BASE_PATH}/`]);
  });

  it("counts and logs requests by the path without the base path", async () => {
    server.log.length = 0;
    await at(`${BASE_PATH}/nothing`);
    expect(JSON.parse(server.log[0]!)).toMatchObject({ path: "/nothing", status: 404 });
    await server.register("alice");
    expect(await (await at("/metrics")).text()).toContain('route="/auth/register",status="201"');
  });

  it("opens WebSockets with and without it", async () => {
    const bob = await server.register("bob");
    (await bob.connect()).socket.terminate();
  });
});

for (const strips of [true, false]) {
  const action = strips ? "removes" : "forwards";
  describeIf(isNginxInstalled, "nginx")(`behind an nginx that ${action} the base path`, () =>
    behindNginx(strips),
  );
}

function behindNginx(strips: boolean): void {
  const folder = mkdtempSync(join(tmpdir(), "lacre-behind-nginx-"));
  let database: ScratchDatabase;
  let server: ServerProcess;
  let nginx: NginxProcess;
  let url: string;
  beforeAll(async () => {
    database = await createDatabase("sqlite");
    server = await ServerProcess.create({ databaseUrl: database.url, basePath: BASE_PATH });
    await server.start();
    nginx = await NginxProcess.start({ to: server.port, basePath: BASE_PATH, strips });
    url = `http://127.0.0.1:${nginx.port}${BASE_PATH}`;
  });
  afterAll(async () => {
    await nginx?.remove();
    await server?.stop();
    await database.remove();
    rmSync(folder, { recursive: true });
  });

  async function user(username: string): Promise<Account> {
    const [login, stores] = [loginInMemory(), storesInMemory()];
    const credentials = { username, password: PASSWORD };
    await signIn("register", url, credentials, login, () => stores);
    return Account.open(login, () => stores);
  }

  it("lets two clients chat over HTTP and WebSockets", async () => {
    const [alice, bob] = [await user("alice"), await user("bob")];
    const received: MessengerEvent[] = [];
    const ofAlice = await createChat(alice, "bob", "five random words as passphrase");
    const [listed] = await bob.listChats();
    const ofBob = await openChat(bob, listed!, "five random words as passphrase");
    const start = (
      account: Account,
      chat: typeof ofBob,
      onEvent: (event: MessengerEvent) => void,
    ) => Messenger.start({ account, open: [chat], WebSocket: NodeWebSocket, onEvent });
    const sender = await start(alice, ofAlice, () => {});
    const receiver = await start(bob, ofBob, (event) => void received.push(event));
    await sender.send(ofAlice.chat_id, "hola");
    const isReceived = () => received.some((event) => JSON.stringify(event).includes("hola"));
    expect(await until(isReceived, 30)).toBe(true);
    await Promise.all([sender.stop(), receiver.stop()]);
  });

  it("works with the command line, which stores the URL with the base path", async () => {
    const password = join(folder, "password");
    writeFileSync(password, PASSWORD);
    const env = { ...process.env, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder };
    const lacreChat = (...args: string[]) => {
      const options = ["--server", `${url}/`, "--password-file", password];
      return run(process.execPath, [program("cli/bin/lacre-chat.js"), ...options, ...args], {
        env,
      });
    };
    expect((await lacreChat("register", "carol")).stderr).toContain(`You are carol on ${url}.`);
    expect((await lacreChat("whoami")).stdout).toContain("carol");
    expect((await lacreChat("search", "caro")).stdout).toContain("carol");
  });

  it("passes cases of the contract command", async () => {
    const lacreContract = await buildCommand(join(folder, "lacre-contract"));
    const args = [lacreContract, url, "--timeout", "30"];
    const { stdout } = await run(process.execPath, [...args, "--only", "H-5", "--only", "S-1"]);
    expect(stdout).toMatch(/ ([1-9]\d*) of \1 cases passed/);
  });

  it("serves all files of /docs, and names the base path in the OpenAPI document", async () => {
    const page = await fetch(`${url}/docs`);
    expect(page.status).toBe(200);
    const html = await page.text();
    for (const [, link] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect([link, (await fetch(new URL(link!, page.url))).status]).toEqual([link, 200]);
    }
    const document = await (await fetch(new URL("openapi.json", page.url))).json();
    expect(new URL(document.servers[0].url, page.url).href).toBe(url);
  });

  it("serves /health below the base path only", async () => {
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(new URL("/health", url))).status).toBe(404);
  });

  it.each([
    "/metrics",
    "/metrics?a=b",
    "/%6detrics",
    "//metrics",
    `${BASE_PATH}/metrics`,
    `${BASE_PATH}/%6detrics`,
    `${BASE_PATH}${BASE_PATH}/metrics`,
  ])("blocks %s by the rule in docs/operations.md", async (path) => {
    expect((await fetch(url + path)).status).toBe(404);
  });
}
