import { afterAll, beforeAll } from "vitest";
import { createDatabase } from "../../server/harness/processes/database.js";
import { ServerProcess } from "../../server/harness/processes/server-process.js";

/** Starts the reference server for the tests of a file, and returns a function that returns its URL. */
export function referenceServer(): () => string {
  let database: Awaited<ReturnType<typeof createDatabase>>;
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
  return () => server.url;
}
