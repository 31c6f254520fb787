import { afterAll, beforeAll, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/assurance/support/collect-garbage.js";
import { until } from "../../harness/until.js";
import { TestServer } from "../support.js";
import type { TestConnection } from "./test-connection.js";

// A burst of ten points, and then two a second.
const server = new TestServer(undefined, { RATE_LIMIT_FRAMES: "2" });
beforeAll(() => server.start());
afterAll(() => server.remove());

/** Returns the bytes of all reachable buffers. */
function buffersInUse(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

it("releases the frames of closed connections whose user sent too many", async () => {
  const user = await server.register("mallory");
  const before = buffersInUse();
  const frame = new Uint8Array(250_000);
  const connections: TestConnection[] = [];
  for (let count = 0; count < 12; count++) {
    const connection = await user.openSocket();
    await connection.handshake();
    for (let sent = 0; sent < 3; sent++) connection.socket.send(frame);
    connections.push(connection);
  }
  expect(await until(() => buffersInUse() > before + 6_000_000, 30)).toBe(true);
  for (const { socket } of connections) socket.terminate();
  expect(await until(() => buffersInUse() < before + 2_000_000, 30)).toBe(true);
}, 90_000);
