import { addressOf } from "./database/database-config.js";
import { run } from "./run.js";

await run(({ url }, config, log) => {
  log.info(
    {
      url,
      database: addressOf(config.database),
      session_secret: config.serverSecret === undefined ? "kept in the database" : "SERVER_SECRET",
      shared_with_others: config.redisUrl === undefined ? "nothing: one instance" : "Redis",
    },
    `listening on ${url}, its API is at ${url}/docs`,
  );
});
