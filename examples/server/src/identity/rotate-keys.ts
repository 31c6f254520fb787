import { parseArgs } from "node:util";
import { loadConfig } from "../config.js";
import { openDatabase } from "../database/open-database.js";
import { Store } from "../database/store.js";
import { rotateSigningKeys } from "./signing-keys.js";

const HELP = `npm run keys:rotate -w examples/server

Adds a signing key for tokens to the database that DATABASE_URL names. Every server uses it within two minutes. Tokens of
older keys stay valid until they expire; keys whose last token has expired are removed. Servers need no restart.`;

// npm runs this in the package's folder; resolve relative paths from the folder where the user started npm.
process.chdir(process.env.INIT_CWD ?? ".");
try {
  const { values } = parseArgs({ options: { help: { type: "boolean" } } });
  if (values.help) console.log(HELP);
  else await rotate();
} catch (error) {
  console.error(`no key was rotated: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function rotate(): Promise<void> {
  const store = new Store(openDatabase(loadConfig().database, () => {}));
  try {
    const { added, removed } = await rotateSigningKeys(store);
    console.log(`tokens will be signed with ${added}, by every server within two minutes`);
    for (const id of removed) console.log(`${id} is removed: its last token has expired`);
  } finally {
    await store.close();
  }
}
