import { once } from "node:events";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { freePort } from "../../harness/processes/free-port.js";

it("returns another port if the drawn one is in use", async () => {
  const used = await freePort();
  const server = createServer();
  server.listen(used, "127.0.0.1");
  await once(server, "listening");
  const ports = [used, used, await freePort()];
  expect(await freePort(() => ports.shift()!)).not.toBe(used);
  server.close();
});
