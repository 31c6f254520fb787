import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * First and last port of the range. It is below the system's ephemeral ports: a client that connects to a stopped server
 * could receive the server's port as its own, and would then be connected to itself.
 */
const FIRST = 20_000;
const LAST = 32_000;

const draw = () => randomInt(FIRST, LAST);

/** Returns an unused port of 127.0.0.1, for servers that restart on the same port. */
export async function freePort(drawPort = draw): Promise<number> {
  for (;;) {
    const port = drawPort();
    const server = createServer();
    const isFree = new Promise<boolean>((resolve) => {
      server.once("listening", () => resolve(true)).once("error", () => resolve(false));
    });
    server.listen(port, "127.0.0.1");
    if (!(await isFree)) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
