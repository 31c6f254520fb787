import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that the system gives to clients: one of these that dials a server that is down could be given the very
 * port that it dials, and would then talk to itself.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** A port of 127.0.0.1 that nobody listens on, to be listened on again and again. */
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
