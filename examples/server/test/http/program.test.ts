import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../harness/processes/free-port.js";
import { ServerProgram } from "./server-program.js";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const tsx = import.meta.resolve("tsx");
let folder: string;
let program: ServerProgram;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lacre-program-"));
});
afterEach(async () => {
  await program.end("SIGKILL");
  rmSync(folder, { recursive: true });
});

function start(env: NodeJS.ProcessEnv): void {
  program = new ServerProgram(["--import", tsx, main], { env, cwd: folder });
}

/** A request whose body never comes to its end. */
async function hang(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const head = "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json";
  socket.write(`${head}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
}

describe("npm run server", () => {
  it("needs no configuration, and says where it listens and what it uses", async () => {
    start({ SERVER_PORT: "0" });
    await program.said("listening on");
    const { url, database, session_secret, shared_with_others } = JSON.parse(
      program.output.trim().split("\n").at(-1)!,
    );
    expect({ database, session_secret, shared_with_others }).toEqual({
      database: "lacre.db",
      session_secret: "kept in the database",
      shared_with_others: "nothing: one instance",
    });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await program.end("SIGTERM")).toBe(0);
    expect(program.output).toContain("closed");
  });

  it("reads a file .env", async () => {
    const port = await freePort();
    writeFileSync(join(folder, ".env"), `SERVER_PORT=${port}\nLOG_LEVEL=\n`);
    start({});
    await program.said(`listening on http://127.0.0.1:${port}`);
  });

  it.each([
    [{ SERVER_PORT: "none" }, 'SERVER_PORT is "none"'],
    [{ DATABASE_URL: "sqlite:////nowhere/at/all.db" }, "check DATABASE_URL"],
    [{ DATABASE_URL: "postgresql://u:hunter2@127.0.0.1:1/d" }, "check DATABASE_URL"],
    [{ DATABASE_URL: "postgresql://u:hunter2@no-such-host.invalid/d" }, "check DATABASE_URL"],
    [{ SERVER_HOST: "203.0.113.1" }, "set SERVER_HOST"],
  ])("says in a line why it does not start with %o", async (env, reason) => {
    start({ SERVER_PORT: "0", ...env });
    expect(await program.ended).toBe(1);
    expect(program.output).toContain("lacre-server cannot start: ");
    expect(program.output).toContain(reason);
    expect(program.output).not.toMatch(/hunter2|\n\s+at /);
  });

  it("ends at once at the second signal", async () => {
    const port = await freePort();
    start({ SERVER_PORT: String(port) });
    await program.said("listening on");
    await hang(port);
    program.kill("SIGTERM");
    await program.said("shutting down");
    expect(await program.end("SIGTERM")).toBe(1);
    expect(program.output).not.toContain("closed");
  });
});
