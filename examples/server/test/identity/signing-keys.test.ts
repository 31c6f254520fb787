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

const listKeys = (store: Store) => store.serverKeys.list("token-signing-key");
const kidOf = (token = "") =>
  JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()).kid;
/** Moves the time of day two minutes forward, without changing monotonic clocks. */
const skipTwoMinutes = () =>
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 120_000, shouldAdvanceTime: true });
afterEach(() => vi.useRealTimers());

describe("signing keys of a server", () => {
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

  it("are published without private components", async () => {
    for (const key of await published()) {
      expect(Object.keys(key).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
      expect(key).toMatchObject({ alg: "RS256", use: "sig" });
      const { asymmetricKeyDetails } = createPublicKey({ key, format: "jwk" });
      expect(asymmetricKeyDetails?.modulusLength).toBe(2048);
    }
  });

  it("can be rotated with a command while the server runs, without ending sessions", async () => {
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

  it("are not changed by --help or an unknown option", async () => {
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

  it("are created once by servers that start simultaneously, as is the session secret", async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, () => SigningKeys.open(store)));
    const sets = await Promise.all(servers.map((keys) => keys.jwks()));
    expect(sets[0]!.keys).toHaveLength(1);
    for (const set of sets) expect(set).toEqual(sets[0]);
    const secrets = await Promise.all([loadSessionSecret(store), loadSessionSecret(store)]);
    expect(secrets[0]).toEqual(secrets[1]);
  });

  it("of another instance are found on demand, with at most one query in two seconds", async () => {
    const read = vi.spyOn(store.serverKeys, "list");
    const begun = performance.now();
    const clock = vi.spyOn(performance, "now").mockReturnValue(begun);
    const running = await SigningKeys.open(store);
    const { added } = await rotateSigningKeys(store);
    read.mockClear();
    expect(await running.find("unknown")).toBeUndefined();
    expect(read).not.toHaveBeenCalled();
    // More than 2000: the difference of two floating-point times may be a little too small.
    clock.mockReturnValue(begun + 2001);
    await Promise.all(Array.from({ length: 50 }, (_, at) => running.find(`unknown ${at}`)));
    expect(read).toHaveBeenCalledTimes(1);
    expect((await running.find(added))?.id).toBe(added);
    clock.mockRestore();
    read.mockRestore();
  });

  it("are used for signing after a minute, when all instances know them", async () => {
    const running = await SigningKeys.open(store);
    const { added } = await rotateSigningKeys(store);
    expect((await running.current()).id).not.toBe(added);
    const restarted = await SigningKeys.open(store);
    expect((await restarted.current()).id).not.toBe(added);
    skipTwoMinutes();
    expect((await restarted.current()).id).toBe(added);
  });

  it("are removed only after their last token has expired", async () => {
    const [newest, ...older] = await listKeys(store);
    const lastTokenEnds = newest!.created_at + 60 + 30 * DAY;
    // The older keys were replaced slightly earlier than the newest.
    expect((await rotateSigningKeys(store, lastTokenEnds - 10)).removed).toEqual([]);
    const { removed } = await rotateSigningKeys(store, lastTokenEnds + 60);
    expect(removed).toEqual(older.map(({ id }) => id));
    expect((await listKeys(store)).map(({ id }) => id)).toContain(newest!.id);
  });
});
