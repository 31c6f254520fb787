import { fileURLToPath } from "node:url";
import { run } from "../../server/src/run.js";

// Starts the server with the built page, and prints its address. By default it logs only warnings and errors.
process.env.WEB_ROOT ||= fileURLToPath(new URL("../dist", import.meta.url));
process.env.LOG_LEVEL ||= "warn";

await run(({ url }) => {
  // Browsers treat http://localhost as a secure context, which WebCrypto needs.
  const address = url.replace("127.0.0.1", "localhost");
  console.log(`
  The chat is at ${address}

  Open it twice, the second time in a private window or another browser: sign up as two people,
  find one from the other, and agree on a passphrase. Ctrl-C ends it.
`);
});
