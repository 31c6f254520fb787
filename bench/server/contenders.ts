import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../../examples/server/harness/processes/server-process.js";
import type { Fixture } from "./fixture.js";
import type { Kind } from "./load/peer.js";
import { forkProgram } from "./load/run-loops.js";

/** A running server that is measured. */
export interface Running {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  readonly kind: Kind;
  start(fixture: Fixture): Promise<Running>;
}

const program = (name: string) => fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url));

export const lacre = (name: string, nodeOptions: readonly string[] = []): Contender => ({
  name,
  kind: "lacre",
  async start({ database }) {
    const server = await ServerProcess.create({ databaseUrl: database.url, nodeOptions });
    await server.start();
    const { url, pid } = server;
    return { url, pid, stop: () => server.stop() };
  },
});

/** Returns the contender for the upper bound: a bare `ws` server that forwards frames, and neither reads nor stores them. */
export const echo = (nodeOptions: readonly string[] = []): Contender => ({
  name: "bare ws, stores nothing",
  kind: "echo",
  start: () => startFork(program("echo-server"), [], nodeOptions),
});

/** Returns a Socket.IO contender that uses the insert statement and the tables of the server. */
export const socketIo = (mode: "single" | "group"): Contender => ({
  name: `Socket.IO, SQLite, ${mode === "group" ? "group commit" : "a commit each"}`,
  kind: "socket.io",
  start({ database }) {
    const path = database.url.slice("sqlite:///".length);
    return startFork(program("socket-io-server"), [path, mode]);
  },
});

async function startFork(
  path: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Promise<Running> {
  const child = forkProgram(path, args, nodeOptions);
  const [port] = await once(child, "message");
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid!,
    async stop() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
