import { afterAll, beforeAll } from "vitest";
import { TestServer, type UsersWithChat } from "../support.js";

/** Runs a server that grants each user so many points a second for frames, with a chat of alice and bob. */
export function useLimitedServer(pointsPerSecond: number) {
  const server = new TestServer(undefined, { RATE_LIMIT_FRAMES: String(pointsPerSecond) });
  const users = {} as UsersWithChat;
  beforeAll(async () => {
    Object.assign(users, await server.startWithChat());
  });
  afterAll(() => server.remove());
  return { server, users };
}
