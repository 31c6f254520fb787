import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, messageIn, PASSWORD, TestServer, type TestUser } from "../support.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-compression-"));
const SCRIPT = `export const words = ${JSON.stringify(Array.from({ length: 2000 }, (_, i) => `word ${i}`))};`;
mkdirSync(join(folder, "assets"));
writeFileSync(join(folder, "index.html"), `<!doctype html>${"<p>page</p>".repeat(200)}`);
writeFileSync(join(folder, "service-worker.js"), `// ${"works offline ".repeat(200)}`);
writeFileSync(join(folder, "assets", "main-1.js"), SCRIPT);
writeFileSync(join(folder, "assets", "small-1.js"), "// small");
writeFileSync(join(folder, "assets", "picture-1.png"), Buffer.alloc(5000));

const server = new TestServer(undefined, { WEB_ROOT: folder });
let alice: TestUser;
let chat_id: number;
beforeAll(async () => {
  await server.start();
  alice = await server.register("alice");
  for (let one = 0; one < 40; one++) await server.register(`bob-with-a-longer-name-${one}`);
  chat_id = await alice.chatWith("bob-with-a-longer-name-0");
  for (let one = 0; one < 20; one++) await sendOne();
});
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

async function sendOne(): Promise<void> {
  const message = jsonOf(messageIn(chat_id, alice.id));
  expect((await alice.post(`/chats/${chat_id}/messages`, message)).status).toBe(201);
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Sends a request with `http.get`: `fetch` sets Accept-Encoding itself and decodes the answer. */
async function request(path: string, headers: Record<string, string> = {}, method = "GET") {
  return new Promise<Answer>((resolve, reject) => {
    get(`${server.url}${path}`, { headers, method }, async (response) => {
      const bytes = await buffer(response);
      resolve({ status: response.statusCode!, headers: response.headers, bytes });
    }).on("error", reject);
  });
}

const decode = (answer: Answer) =>
  answer.headers["content-encoding"] === "br"
    ? brotliDecompressSync(answer.bytes)
    : answer.headers["content-encoding"] === "gzip"
      ? gunzipSync(answer.bytes)
      : answer.bytes;

const STATIC = ["/", "/service-worker.js", "/assets/main-1.js", "/openapi.json"];
const IN_DOCS = ["/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"];

describe("a static file", () => {
  it.each([...STATIC, ...IN_DOCS])(
    "is compressed with the coding that the client accepts: %s",
    async (path) => {
      const plain = await request(path);
      expect(plain.headers["content-encoding"]).toBeUndefined();
      for (const coding of ["br", "gzip"]) {
        const answer = await request(path, { "accept-encoding": coding });
        expect(answer.headers["content-encoding"]).toBe(coding);
        expect(answer.headers.vary).toMatch(/\bAccept-Encoding\b/);
        expect(Number(answer.headers["content-length"])).toBe(answer.bytes.length);
        expect(answer.bytes.length).toBeLessThan(plain.bytes.length / 2);
        expect(decode(answer).equals(plain.bytes)).toBe(true);
      }
    },
  );

  it.each([
    ["gzip, deflate, br", "br"],
    ["gzip, deflate, br;q=0.5", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["*", "br"],
    ["br;q=0, *;q=0.1", "gzip"],
    ["BR", "br"],
    ["br;q=0", undefined],
    ["identity", undefined],
    ["deflate", undefined],
    ["", undefined],
    ["nonsense;;;q=,", undefined],
  ])("is encoded for Accept-Encoding: %s as %s", async (accepted, coding) => {
    const { headers } = await request("/", { "accept-encoding": accepted });
    expect(headers["content-encoding"]).toBe(coding);
    expect(headers.vary).toMatch(/\bAccept-Encoding\b/);
  });

  it("is not compressed if it is small or compressed already", async () => {
    for (const path of ["/assets/small-1.js", "/assets/picture-1.png"]) {
      const { headers } = await request(path, { "accept-encoding": "br, gzip" });
      expect(headers["content-encoding"]).toBeUndefined();
    }
  });

  it.each([...STATIC, "/assets/small-1.js", ...IN_DOCS])(
    "is answered with 304 if the client has it: %s",
    async (path) => {
      const tags = new Set<string>();
      for (const accepted of ["br", "gzip", "identity"]) {
        const headers = { "accept-encoding": accepted };
        const first = await request(path, headers);
        const { etag } = first.headers;
        tags.add(etag!);
        for (const known of [etag!, `W/${etag}`, `"other", ${etag}`, "*"]) {
          const again = await request(path, { ...headers, "if-none-match": known });
          expect([again.status, again.bytes.length]).toEqual([304, 0]);
          for (const name of ["etag", "vary", "cache-control"] as const) {
            expect(again.headers[name]).toBe(first.headers[name]);
          }
        }
        const other = await request(path, { ...headers, "if-none-match": '"other"' });
        expect(other.status).toBe(200);
      }
      // Each coding is a representation with its own ETag.
      expect(tags.size).toBe(path.includes("small") ? 1 : 3);
    },
  );

  it("is answered with the headers of GET for HEAD, and completely for a range", async () => {
    for (const path of STATIC) {
      const headers = { "accept-encoding": "br" };
      const [whole, head] = [await request(path, headers), await request(path, headers, "HEAD")];
      expect([head.status, head.bytes.length]).toEqual([200, 0]);
      for (const name of ["content-length", "content-encoding", "etag", "content-type"] as const) {
        expect([name, head.headers[name]]).toEqual([name, whole.headers[name]]);
      }
      const range = await request(path, {
        ...headers,
        range: "bytes=5-9",
        "if-range": whole.headers.etag!,
      });
      expect([range.status, range.headers["accept-ranges"]]).toEqual([200, "none"]);
      expect(range.bytes.equals(whole.bytes)).toBe(true);
    }
  });

  it("is immutable if its name has a hash, and revalidated otherwise", async () => {
    const cached = async (path: string) => (await request(path)).headers["cache-control"];
    expect(await cached("/assets/main-1.js")).toBe("public, max-age=31536000, immutable");
    for (const path of ["/", "/service-worker.js", "/openapi.json", "/docs"]) {
      expect(await cached(path)).toBe("no-cache");
    }
  });
});

describe("an API answer", () => {
  const withToken = (headers: Record<string, string> = {}) => ({
    authorization: `Bearer ${alice.token}`,
    "accept-encoding": "gzip, br",
    ...headers,
  });

  it("is compressed if it is large and contains no secret", async () => {
    for (const path of [`/chats/${chat_id}/messages`, "/users/search?q=bob", "/metrics"]) {
      const [plain, answer] = [
        await request(path, withToken({ "accept-encoding": "identity" })),
        await request(path, withToken()),
      ];
      expect([path, answer.headers["content-encoding"]]).toEqual([path, "gzip"]);
      expect(answer.headers.vary).toMatch(/\bAccept-Encoding\b/);
      expect(answer.bytes.length).toBeLessThan(plain.bytes.length);
      if (path !== "/metrics") expect(decode(answer).equals(plain.bytes)).toBe(true);
    }
  });

  it("is not compressed if it is small", async () => {
    const { headers } = await request("/users/search?q=alice", withToken());
    expect(headers["content-encoding"]).toBeUndefined();
  });

  it("is not compressed if it contains tokens, session keys or names of contacts", async () => {
    for (let one = 1; one < 20; one++) await alice.chatWith(`bob-with-a-longer-name-${one}`);
    const chats = await request("/chats", withToken());
    expect(chats.bytes.length).toBeGreaterThan(1024);
    expect(chats.headers["content-encoding"]).toBeUndefined();
    const response = await fetch(`${server.url}/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "accept-encoding": "gzip, br" },
      body: JSON.stringify({ username: "alice", password: PASSWORD }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-encoding")).toBeNull();
    await response.text();
  });

  it("is not compressed if it is a frame, whose contents are encrypted", async () => {
    const tag = Buffer.alloc(32, 1).toString("base64");
    const accept = { accept: "application/msgpack", "lacre-request": tag };
    const { headers } = await request(`/chats/${chat_id}/messages`, withToken(accept));
    expect(headers["content-type"]).toBe("application/msgpack");
    expect(headers["content-encoding"]).toBeUndefined();
  });
});
