import { afterAll, beforeAll } from "vitest";
import { createDatabase, type ScratchDatabase } from "../harness/processes/database.js";
import { ServerProcess } from "../harness/processes/server-process.js";

interface RunningProcess {
  readonly server: ServerProcess;
  readonly database: ScratchDatabase;
}

/** Runs the server in a child process, on a SQLite database of its own. */
export function useServerProcess(): RunningProcess {
  const running = {} as { -readonly [Key in keyof RunningProcess]: RunningProcess[Key] };
  beforeAll(async () => {
    running.database = await createDatabase("sqlite");
    running.server = await ServerProcess.create({ databaseUrl: running.database.url });
    await running.server.start();
  });
  afterAll(async () => {
    await running.server.stop();
    await running.database.remove();
  });
  return running;
}
