import { IncomingMessage } from "node:http";
import { queryObjects } from "node:v8";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../harness/until.js";
import { TestServer } from "../support.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

/** Returns the number of reachable HTTP requests and answers in this process, which is also the clients'. */
const incomingMessages = () => queryObjects(IncomingMessage, { format: "count" });

it("releases the request of an open WebSocket, whose address has the token", async () => {
  const user = await server.register("alice");
  const sockets = [await user.connect()];
  const before = incomingMessages();
  for (let count = 0; count < 5; count++) sockets.push(await user.connect());
  expect(await until(() => incomingMessages() <= before, 10)).toBe(true);
  for (const { socket } of sockets) socket.terminate();
});
