import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * First and last port of the range. It is below the system's ephemeral ports: a client that connects to a stopped server
 * could receive the server's port as its own, and would then be connected to itself.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** Returns an unused port of 127.0.0.1, for servers that restart on the same port. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    const server = createServer();
    const tried = Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]);
    server.listen(port, "127.0.0.1");
    if (!(await tried)) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
