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
  program.killGroup("SIGKILL");
  await program.ended;
  rmSync(folder, { recursive: true });
});

function start(env: NodeJS.ProcessEnv): void {
  program = new ServerProgram(["--import", tsx, main], { env, cwd: folder });
}

/** Sends a request whose body never ends. */
async function sendUnfinishedRequest(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const head = "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json";
  socket.write(`${head}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
}

describe("a signal", () => {
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  const commands = [
    ["server", "listening on"],
    ["web", "The chat is at"],
  ] as const;
  let port: number;
  // Skip the script that builds first.
  const begin = async (script: string, started: string) => {
    port = await freePort();
    const env = {
      SERVER_PORT: String(port),
      DATABASE_URL: `sqlite:///${join(folder, "lacre.db")}`,
      LOG_LEVEL: "info",
      WEB_ROOT: folder,
    };
    writeFileSync(join(folder, "index.html"), "");
    const args = ["run", "--ignore-scripts", script];
    program = new ServerProgram(args, { env, cwd: root, command: "npm" });
    await program.printed(started);
  };
  const isListening = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });

  describe.each(commands)("to npm run %s", (script, started) => {
    it("stops the server", async () => {
      await begin(script, started);
      program.kill("SIGTERM");
      await program.printed('"msg":"closed"');
      await program.ended;
      expect(await isListening()).toBe(false);
    });

    it("stops the server once at Ctrl-C, which signals both npm and the server", async () => {
      await begin(script, started);
      program.killGroup("SIGINT");
      await program.printed('"msg":"closed"');
      await program.ended;
      expect(await isListening()).toBe(false);
    });
  });
});

describe("npm run server", () => {
  it("requires no configuration, and logs its URL and its stores", async () => {
    start({ SERVER_PORT: "0" });
    await program.printed("listening on");
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
    await program.printed(`listening on http://127.0.0.1:${port}`);
  });

  it("ignores a byte order mark in .env, and rejects a file that is not UTF-8", async () => {
    const port = await freePort();
    writeFileSync(join(folder, ".env"), `\ufeffSERVER_PORT=${port}\n`);
    start({});
    await program.printed(`listening on http://127.0.0.1:${port}`);
    program.kill("SIGTERM");
    await program.ended;
    const text = `METRICS_TOKEN=contrase\xf1a\n`;
    for (const [bytes, reason] of [
      [Buffer.from(text, "latin1"), "not UTF-8"],
      [Buffer.from(`\ufeff${text}`, "utf16le"), "UTF-16"],
    ] as const) {
      writeFileSync(join(folder, ".env"), bytes);
      start({ SERVER_PORT: "0" });
      expect(await program.ended).toBe(2);
      expect(program.output).toContain(
        `lacre-server cannot start: ${join(folder, ".env")} is ${reason}: save it as UTF-8`,
      );
    }
  });

  it("rejects a variable that is not UTF-8", async () => {
    const secret = "SERVER_SECRET=$(printf 'contrase\\361a%.0s' 1 2 3 4 5)";
    const script = `${secret} exec ${process.execPath} --import ${tsx} ${main}`;
    program = new ServerProgram(["-c", script], { env: {}, cwd: folder, command: "/bin/sh" });
    expect(await program.ended).toBe(2);
    expect(program.output).toBe(
      "lacre-server cannot start: SERVER_SECRET is not UTF-8: set it in UTF-8, or in a file .env\n",
    );
  });

  it.each([
    [{ SERVER_PORT: "none" }, 'SERVER_PORT is "none"'],
    [{ DATABASE_URL: "sqlite:////nowhere/at/all.db" }, "check DATABASE_URL"],
    [{ DATABASE_URL: "postgresql://u:hunter2@127.0.0.1:1/d" }, "check DATABASE_URL"],
    [{ DATABASE_URL: "postgresql://u:hunter2@no-such-host.invalid/d" }, "check DATABASE_URL"],
    [{ SERVER_HOST: "203.0.113.1" }, "set SERVER_HOST"],
  ])("prints in one line why it cannot start with %o", async (env, reason) => {
    start({ SERVER_PORT: "0", ...env });
    expect(await program.ended).toBe(1);
    expect(program.output).toContain("lacre-server cannot start: ");
    expect(program.output).toContain(reason);
    expect(program.output).not.toMatch(/hunter2|\n\s+at /);
  });

  it("stops at a signal that arrives during the start", async () => {
    start({ SERVER_PORT: "0", LOG_LEVEL: "trace" });
    await program.printed("REDIS_URL is not set");
    program.kill("SIGTERM");
    await program.printed('"msg":"closed"');
    expect(await program.ended).toBe(0);
  });

  it("exits immediately at the second signal", async () => {
    const port = await freePort();
    start({ SERVER_PORT: String(port) });
    await program.printed("listening on");
    await sendUnfinishedRequest(port);
    program.kill("SIGTERM");
    await program.printed("shutting down");
    // Signals within a second of the first are ignored.
    const again = setInterval(() => program.kill("SIGTERM"), 200);
    expect(await program.ended).toBe(1);
    clearInterval(again);
    expect(program.output).not.toContain("closed");
  });
});
