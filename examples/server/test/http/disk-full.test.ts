import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { createChat, register } from "../../harness/client/accounts.js";
import { createDatabase, type ScratchDatabase } from "../../harness/processes/database.js";
import { programPath } from "../../harness/processes/programs.js";
import { ServerProcess } from "../../harness/processes/server-process.js";
import { until } from "../../harness/until.js";

const prlimit = programPath("prlimit");

describeIf(prlimit !== undefined, "prlimit")("a server on a full disk", () => {
  let database: ScratchDatabase;
  let server: ServerProcess;
  beforeAll(async () => {
    database = await createDatabase("sqlite");
    server = await ServerProcess.create({ databaseUrl: database.url });
    await server.start();
  });
  afterAll(async () => {
    await server.stop();
    await database.remove();
  });
  /** Limits the size of the files that the server writes. */
  const limitFiles = (bytes: string) =>
    execFileSync(prlimit!, ["--pid", String(server.pid), `--fsize=${bytes}:`]);
  const statusOf = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${server.url}${path}`, init);
    await response.arrayBuffer();
    return response.status;
  };

  it("answers writes with 503, still reads, and recovers without a restart", async () => {
    const [alice, bob] = [await register(server.url), await register(server.url)];
    await createChat(server.url, alice, bob);
    const headers = { authorization: `Bearer ${alice.access_token}` };
    expect(await statusOf("/health")).toBe(200);

    limitFiles("1");
    expect(await until(async () => (await statusOf("/health")) === 503, 20)).toBe(true);
    await expect(register(server.url)).rejects.toThrow("answered 503");
    expect(await statusOf("/users/me", { headers })).toBe(200);
    expect(await statusOf("/chats", { headers })).toBe(200);

    limitFiles("unlimited");
    expect(await until(async () => (await statusOf("/health")) === 200, 20)).toBe(true);
    const carol = await register(server.url);
    await createChat(server.url, carol, bob);
    expect(server.hasCrashed).toBe(false);
  });
});
