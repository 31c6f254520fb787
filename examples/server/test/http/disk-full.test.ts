import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { describeIf } from "../../../../test/support/optional.js";
import { createChat, register } from "../../harness/client/accounts.js";
import { programPath } from "../../harness/processes/programs.js";
import { until } from "../../harness/until.js";
import { useServerProcess } from "../server-process.js";

const prlimit = programPath("prlimit");

describeIf(prlimit !== undefined, "prlimit")("a server on a full disk", () => {
  const running = useServerProcess();
  /** Limits the size of the files that the server writes. */
  const limitFiles = (bytes: string) =>
    execFileSync(prlimit!, ["--pid", String(running.server.pid), `--fsize=${bytes}:`]);
  const statusOf = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${running.server.url}${path}`, init);
    await response.arrayBuffer();
    return response.status;
  };

  it("answers writes with 503, still reads, and recovers without a restart", async () => {
    const { url } = running.server;
    const [alice, bob] = [await register(url), await register(url)];
    await createChat(url, alice, bob);
    const headers = { authorization: `Bearer ${alice.access_token}` };
    expect(await statusOf("/health")).toBe(200);

    limitFiles("1");
    expect(await until(async () => (await statusOf("/health")) === 503, 30)).toBe(true);
    await expect(register(url)).rejects.toThrow("answered 503");
    expect(await statusOf("/users/me", { headers })).toBe(200);
    expect(await statusOf("/chats", { headers })).toBe(200);

    limitFiles("unlimited");
    expect(await until(async () => (await statusOf("/health")) === 200, 30)).toBe(true);
    const carol = await register(url);
    await createChat(url, carol, bob);
    expect(running.server.hasCrashed).toBe(false);
  });
});
