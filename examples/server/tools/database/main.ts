import { loadConfig } from "../../src/config.js";
import { diff } from "./diff.js";
import { make } from "./make.js";
import { down, history, up } from "./migrate.js";
import { printSql } from "./print-sql.js";

const HELP = `npm run db -- COMMAND, on the database that DATABASE_URL names

  up             makes all migrations that are not made yet
  down           undoes the last one
  history        lists them, and when each was made
  make NAME      writes an empty one
  diff [NAME]    compares the database with the declared schema, and ends with 1 where they differ; with a NAME, writes
                 the migration that makes the database what is declared
  sql [down]     prints what the migrations do, without any database, as the one that DATABASE_URL names would be told`;

const commands = { up, down, history, make, diff, sql: printSql };

// npm starts this in the package's folder, but a relative path is meant from where npm was started.
process.chdir(process.env.INIT_CWD ?? ".");
const [name = "", argument] = process.argv.slice(2);
try {
  const command = Object.hasOwn(commands, name) && commands[name as keyof typeof commands];
  if (!command) throw new Error(HELP);
  await command(loadConfig().database, argument);
} catch (error) {
  const { message, cause } = error as Error;
  console.error(cause instanceof Error ? `${message} (${cause.message})` : message);
  process.exitCode = 1;
}
