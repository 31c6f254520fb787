import { readConfig } from "../config.js";
import { openDatabase } from "../database/open-database.js";
import { Store } from "../database/store.js";
import { rotateSigningKeys } from "./signing-keys.js";

const HELP = `npm run keys:rotate -w examples/server

Adds a key that signs tokens from now on, in the database that DATABASE_URL names. Tokens of the older keys stay good until
they expire; keys whose last token has expired are removed. Servers that run need no restart.`;

if (process.argv.includes("--help")) {
  console.log(HELP);
} else {
  const store = new Store(openDatabase(readConfig(process.env).database, () => {}));
  const { added, removed } = await rotateSigningKeys(store);
  console.log(`tokens are signed with ${added} from now on, by every server within a minute`);
  for (const id of removed) console.log(`${id} is removed: its last token has expired`);
  await store.close();
}
