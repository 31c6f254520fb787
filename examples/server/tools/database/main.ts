import { loadConfig } from "../../src/config.js";
import { diff } from "./diff.js";
import { make } from "./make.js";
import { down, history, up } from "./migrate.js";
import { printSql } from "./print-sql.js";

const HELP = `npm run db -- COMMAND, for the database of DATABASE_URL

  up             applies all pending migrations
  down           reverts the last applied migration
  history        lists all migrations, and when each was applied
  make NAME      writes an empty migration
  diff [NAME]    compares the database with the declared schema, and exits with 1 if they differ; with a NAME, writes
                 a migration that removes the differences
  sql [down]     prints the SQL of all migrations for the kind of database in DATABASE_URL, without connecting to it`;

const commands = { up, down, history, make, diff, sql: printSql };

// npm runs scripts in the package's folder. Relative paths refer to the folder in which the user called npm.
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
