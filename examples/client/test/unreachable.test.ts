import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Api, UnreachableError } from "../src/index.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  closing.push(() => server.close().closeAllConnections());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a server that redirects", () => {
  it.each([301, 302, 303, 307, 308])(
    "with %d: sends no credentials to the target",
    async (status) => {
      const asked: string[] = [];
      const target = await listen((request, response) => {
        asked.push(request.url!);
        response.end("{}");
      });
      const server = await listen((request, response) => {
        request.resume();
        response.writeHead(status, { location: `${target}${request.url}` }).end();
      });
      const login = new Api(server).login({ username: "alice", password: "correct horse" });
      await expect(login).rejects.toMatchObject({
        code: "ERR_REDIRECTED",
        message: expect.stringContaining(`redirects to ${target}/auth/login`),
      });
      expect(asked).toEqual([]);
    },
  );
});

describe("the advice for a server that cannot be reached", () => {
  it.each([
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate is not trusted"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "certificate is not trusted"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificate is not trusted"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "certificate is not trusted"],
    ["CERT_HAS_EXPIRED", "certificate is not trusted"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate is not trusted"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "does not speak TLS"],
    ["ECONNREFUSED", "is the server running"],
    ["ENOTFOUND", "is the server running"],
  ])("for %s says that: %s", (reason, advice) => {
    expect(new UnreachableError("https://chat.example", reason).message).toContain(advice);
  });
});

describe("the time after which a server is asked again", () => {
  const refused = { error_code: "ERR_UNAVAILABLE", error_message: "later" };

  it.each([
    ["0", 0.1],
    ["0.5", 0.5],
    ["60", 60],
    ["1e10", 3600],
    ["Infinity", 3600],
    ["-1", undefined],
    ["tomorrow", undefined],
  ])("for Retry-After: %s is %s seconds", async (header, seconds) => {
    const server = await listen((request, response) => {
      request.resume();
      response.writeHead(503, { "retry-after": header }).end(JSON.stringify(refused));
    });
    const error = await new Api(server).getHealth().catch((error) => error);
    expect(error).toMatchObject({ code: "ERR_UNAVAILABLE" });
    expect(error.retryAfter).toBe(seconds);
  });
});
