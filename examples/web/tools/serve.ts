import { fileURLToPath } from "node:url";
import { run } from "../../server/src/run.js";

/** The server with the page, for a person: it says where, and keeps quiet unless something is wrong. */
process.env.WEB_ROOT ||= fileURLToPath(new URL("../dist", import.meta.url));
process.env.LOG_LEVEL ||= "warn";

await run(({ url }) => {
  // Browsers take localhost, and not every address, for a place where keys are safe.
  const address = url.replace("127.0.0.1", "localhost");
  console.log(`
  The chat is at ${address}

  Open it twice, the second time in a private window or another browser: sign up as two people,
  find one from the other, and agree on a passphrase. Ctrl-C ends it.
`);
});
