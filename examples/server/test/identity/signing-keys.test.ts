import { execFile } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AuthResponse } from "lacre";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { migrate } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import { Store } from "../../src/database/store.js";
import { loadSessionSecret } from "../../src/identity/session-secret.js";
import { rotateSigningKeys, SigningKeys } from "../../src/identity/signing-keys.js";
import { createDatabase, onEachDatabase, urlOf } from "../storage/databases.js";
import { PASSWORD, TestServer } from "../support.js";

const DAY = 24 * 3600;
const ROTATE = fileURLToPath(new URL("../../src/identity/rotate-keys.ts", import.meta.url));

const listKeys = (store: Store) => store.listKeys("token-signing-key");
const kidOf = (token = "") =>
  JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()).kid;
/** Two minutes from now; only clocks that tell the time of day go forward. */
const skipTwoMinutes = () =>
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 120_000, shouldAdvanceTime: true });
afterEach(() => vi.useRealTimers());

describe("a server's keys", () => {
  const server = new TestServer();
  let store: Store;
  beforeAll(async () => {
    await server.start();
    await server.register("alice");
    store = new Store(openDatabase(server.database, () => {}));
  });
  afterAll(async () => {
    await store.close();
    await server.remove();
  });

  const logIn = async () => {
    const alice = { username: "alice", password: PASSWORD };
    return AuthResponse.parse((await server.request("POST", "/auth/login", alice)).body);
  };
  const published = async (): Promise<Record<string, string>[]> =>
    (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()).keys;
  const rotate = (...args: string[]) =>
    promisify(execFile)(process.execPath, ["--import", "tsx", ROTATE, ...args], {
      env: { ...process.env, DATABASE_URL: urlOf(server.database) },
    });

  it("are published without what signs", async () => {
    for (const key of await published()) {
      expect(Object.keys(key).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
      expect(key).toMatchObject({ alg: "RS256", use: "sig" });
      const { asymmetricKeyDetails } = createPublicKey({ key, format: "jwk" });
      expect(asymmetricKeyDetails?.modulusLength).toBe(2048);
    }
  });

  it("are rotated beside the server by a command, while everybody stays logged in", async () => {
    const before = await logIn();
    const { stdout } = await rotate();
    const added = /signed with (\w+)/.exec(stdout)![1];
    await server.stop();
    await server.start();
    expect(kidOf((await logIn()).access_token)).toBe(kidOf(before.access_token));
    expect((await published()).map(({ kid }) => kid)).toContain(added);

    skipTwoMinutes();
    await server.stop();
    await server.start();
    const after = await logIn();
    expect([kidOf(after.access_token), kidOf(after.refresh_token)]).toEqual([added, added]);
    const me = await server.request("GET", "/users/me", undefined, before.access_token);
    expect(me.status).toBe(200);
    const { refresh_token } = before;
    expect((await server.request("POST", "/auth/refresh", { refresh_token })).status).toBe(200);
  });

  it("are left alone by a command that is asked for help, or for what it does not know", async () => {
    const before = await listKeys(store);
    expect((await rotate("--help")).stdout).toContain("npm run keys:rotate");
    await expect(rotate("--now")).rejects.toMatchObject({ code: 1, stdout: "" });
    expect(await listKeys(store)).toEqual(before);
  });
});

onEachDatabase("signing keys", (dialect) => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let store: Store;
  beforeAll(async () => {
    database = await createDatabase(dialect);
    await migrate(database.config);
    store = new Store(openDatabase(database.config, () => {}));
  });
  afterAll(async () => {
    await store.close();
    await database.remove();
  });

  it("of servers that start at once on an empty database are one, as their secret is", async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, () => SigningKeys.open(store)));
    const sets = await Promise.all(servers.map((keys) => keys.jwks()));
    expect(sets[0]!.keys).toHaveLength(1);
    for (const set of sets) expect(set).toEqual(sets[0]);
    const secrets = await Promise.all([loadSessionSecret(store), loadSessionSecret(store)]);
    expect(secrets[0]).toEqual(secrets[1]);
  });

  it("that another instance made are found when they are needed, by few readings", async () => {
    const read = vi.spyOn(store, "listKeys");
    const begun = performance.now();
    const clock = vi.spyOn(performance, "now").mockReturnValue(begun);
    const running = await SigningKeys.open(store);
    const { added } = await rotateSigningKeys(store);
    read.mockClear();
    expect(await running.find("nobody's")).toBeUndefined();
    expect(read).not.toHaveBeenCalled();
    // Past it, as the difference of two fractions may be a little less than what was added.
    clock.mockReturnValue(begun + 2001);
    await Promise.all(Array.from({ length: 50 }, (_, at) => running.find(`nobody's ${at}`)));
    expect(read).toHaveBeenCalledTimes(1);
    expect((await running.find(added))?.id).toBe(added);
    clock.mockRestore();
    read.mockRestore();
  });

  it("sign when all instances can know them", async () => {
    const running = await SigningKeys.open(store);
    const { added } = await rotateSigningKeys(store);
    expect((await running.current()).id).not.toBe(added);
    const restarted = await SigningKeys.open(store);
    expect((await restarted.current()).id).not.toBe(added);
    skipTwoMinutes();
    expect((await restarted.current()).id).toBe(added);
  });

  it("are removed when their last token has expired, and not before", async () => {
    const [newest, ...older] = await listKeys(store);
    const lastTokenEnds = newest!.created_at + 60 + 30 * DAY;
    // Those before it were followed a moment earlier.
    expect((await rotateSigningKeys(store, lastTokenEnds - 10)).removed).toEqual([]);
    const { removed } = await rotateSigningKeys(store, lastTokenEnds + 60);
    expect(removed).toEqual(older.map(({ id }) => id));
    expect((await listKeys(store)).map(({ id }) => id)).toContain(newest!.id);
  });
});
