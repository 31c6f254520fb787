import { afterEach, expect, it } from "vitest";
import { PASSWORD, TestServer } from "../support.js";

let server: TestServer;
afterEach(() => server.remove());

async function startServer(env: NodeJS.ProcessEnv): Promise<void> {
  server = new TestServer(undefined, { TRUSTED_PROXIES: "127.0.0.0/8, ::1", ...env });
  await server.start();
}

interface Attempt {
  readonly username: string;
  readonly password?: string;
  readonly device_id?: string;
}

async function send(path: string, from: string, body: Attempt) {
  const response = await server.fetch(path, {
    method: "POST",
    body: JSON.stringify({ password: PASSWORD, ...body }),
    headers: { "content-type": "application/json", "x-forwarded-for": from },
  });
  const { error_code } = (await response.json()) as { error_code?: string };
  return { status: response.status, error_code, retryAfter: response.headers.get("retry-after") };
}

const login = (from: string, body: Attempt) => send("/auth/login", from, body);
const register = (from: string, body: Attempt) => send("/auth/register", from, body);

/** Makes the attempts one after the other, and returns their statuses. */
async function inOrder(attempts: readonly (() => Promise<{ status: number }>)[]) {
  const statuses: number[] = [];
  for (const attempt of attempts) statuses.push((await attempt()).status);
  return statuses;
}

it("lets users log in while logins of another network fill the queue", async () => {
  await startServer({ RATE_LIMIT_AUTH: "100000" });
  await register("203.0.113.1", { username: "alice" });
  const wrong = Array.from({ length: 130 }, (_, at) =>
    login(`2001:db8:7:${at.toString(16)}::1`, { username: `guess-${at}`, password: "wrong one" }),
  );
  const right = Array.from({ length: 12 }, (_, at) =>
    login(`2001:db8:${100 + at}::1`, { username: "alice" }),
  );
  expect((await Promise.all(right)).map(({ status }) => status)).toEqual(Array(12).fill(200));
  const statuses = (await Promise.all(wrong)).map(({ status }) => status);
  expect(statuses.filter((status) => status !== 401 && status !== 503)).toEqual([]);
}, 120_000);

it("lets users log in while known-device logins of another network fill the queue", async () => {
  await startServer({ RATE_LIMIT_AUTH: "20" });
  await register("203.0.113.1", { username: "alice" });
  await register("203.0.113.2", { username: "mallory" });
  const devices = Array.from({ length: 15 }, (_, at) => `device ${at}`);
  const used = devices.map((device_id, at) =>
    login(`198.51.${at}.1`, { username: "mallory", device_id }),
  );
  expect((await Promise.all(used)).map(({ status }) => status)).toEqual(Array(15).fill(200));
  const excessive = Array.from({ length: 280 }, (_, at) =>
    login(`2001:db8:7:${at.toString(16)}::1`, {
      username: "mallory",
      device_id: devices[at % devices.length]!,
    }),
  );
  const right = Array.from({ length: 12 }, (_, at) =>
    login(`2001:db8:${100 + at}::1`, { username: "alice" }),
  );
  expect((await Promise.all(right)).map(({ status }) => status)).toEqual(Array(12).fill(200));
  const statuses = (await Promise.all(excessive)).map(({ status }) => status);
  expect(statuses.filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
}, 120_000);

it("limits logins from known devices by network, separately from others", async () => {
  await startServer({ RATE_LIMIT_AUTH: "2" });
  const from = (at: number) => `2001:db8:1:a${at}::1`;
  for (const [at, username] of ["alice", "bob", "carol"].entries()) {
    await register(`192.0.${at}.1`, { username, device_id: "a phone" });
  }
  const known = (at: number, username: string) => () =>
    login(from(at), { username, device_id: "a phone" });
  const unknown = (at: number) => () => login(from(at), { username: `no-such-user-${at}` });
  expect(await inOrder([0, 1, 2, 3, 4].map(unknown))).toEqual([401, 401, 401, 401, 429]);
  const right = [known(5, "alice"), known(6, "bob"), known(7, "carol"), known(8, "alice")];
  expect(await inOrder([...right, known(9, "bob")])).toEqual([200, 200, 200, 200, 429]);
  expect((await login("2001:db8:2::1", { username: "bob", device_id: "a phone" })).status).toBe(
    200,
  );
});

it("limits logins by IPv6 /56 and /48 networks", async () => {
  await startServer({ RATE_LIMIT_AUTH: "2" });
  const attempt = (from: string) => () => login(from, { username: from.replace(/\W/g, "-") });
  const inOne56 = ["0", "1", "2", "3", "4"].map((at) => attempt(`2001:db8:1:a${at}::1`));
  expect(await inOrder(inOne56)).toEqual([401, 401, 401, 401, 429]);
  const in48 = ["b0", "b1", "c0", "c1", "d0", "d1", "e0"].map((at) =>
    attempt(`2001:db8:1:${at}00::1`),
  );
  expect(await inOrder(in48)).toEqual([...Array(6).fill(401), 429]);
  expect((await attempt("2001:db8:2:a0::1")()).status).toBe(401);
});

it("limits logins by IPv4 /24 network", async () => {
  await startServer({ RATE_LIMIT_AUTH: "2" });
  const attempt = (from: string) => () => login(from, { username: from.replace(/\W/g, "-") });
  const inOne24 = Array.from({ length: 11 }, (_, at) => attempt(`203.0.113.${at}`));
  expect(await inOrder(inOne24)).toEqual([...Array(10).fill(401), 429]);
  expect((await attempt("203.0.114.1")()).status).toBe(401);
});

it("limits failed logins to one account, except from a known device", async () => {
  await startServer({ RATE_LIMIT_AUTH: "5" });
  await register("192.0.2.1", { username: "alice", device_id: "a phone" });
  const guess = (at: number, username = "alice") =>
    login(`2001:db8:${at}::1`, { username, password: "guessing" });
  expect(await inOrder([1, 2, 3, 4, 5, 6].map((at) => () => guess(at)))).toEqual([
    ...Array(5).fill(401),
    429,
  ]);
  const rejected = await login("192.0.2.2", { username: "ALICE", device_id: "another" });
  expect(rejected).toMatchObject({ status: 429, error_code: "ERR_RATE_LIMITED" });
  expect(Number(rejected.retryAfter)).toBeGreaterThan(0);
  expect(Number(rejected.retryAfter)).toBeLessThanOrEqual(600);
  const known = await login("192.0.2.2", { username: "alice", device_id: "a phone" });
  expect(known.status).toBe(200);
  expect((await guess(20, "bob")).status).toBe(401);
});

it("limits failed logins to an unknown username in the same way", async () => {
  await startServer({ RATE_LIMIT_AUTH: "5" });
  const guess = (at: number) => login(`2001:db8:${at}::1`, { username: "no-such-user" });
  expect(await inOrder([1, 2, 3, 4, 5, 6].map((at) => () => guess(at)))).toEqual([
    ...Array(5).fill(401),
    429,
  ]);
});

it("limits failed logins with a known device", async () => {
  await startServer({ RATE_LIMIT_AUTH: "3" });
  await register("192.0.2.1", { username: "alice", device_id: "a phone" });
  const guess = (at: number) =>
    login(`2001:db8:${at}::1`, { username: "alice", password: "guessing", device_id: "a phone" });
  expect(await inOrder([1, 2, 3, 4].map((at) => () => guess(at)))).toEqual([401, 401, 401, 429]);
});

it("does not count successful logins to an account", async () => {
  await startServer({ RATE_LIMIT_AUTH: "3" });
  await register("192.0.2.1", { username: "alice" });
  const right = (at: number) => login(`2001:db8:${at}::1`, { username: "alice" });
  expect(await inOrder([1, 2, 3, 4, 5].map((at) => () => right(at)))).toEqual(Array(5).fill(200));
});

it("does not treat a device of another account as known", async () => {
  await startServer({ RATE_LIMIT_AUTH: "2" });
  await register("192.0.2.1", { username: "alice" });
  await register("192.0.3.1", { username: "mallory", device_id: "mine" });
  const guess = (at: number) =>
    login(`2001:db8:${at}::1`, { username: "alice", password: "guessing", device_id: "mine" });
  expect(await inOrder([1, 2, 3].map((at) => () => guess(at)))).toEqual([401, 401, 429]);
});
