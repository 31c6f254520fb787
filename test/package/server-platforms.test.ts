import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { build, transformSync } from "esbuild";
import { afterEach, beforeAll, expect, inject, it } from "vitest";
import { WebSocket } from "ws";
import { type ContractTarget, contract } from "../../src/testing/index.js";
import { folderFor, install, installed, orSkip, root } from "../support/installed.js";

const { project } = inject("packed");
const folder = join(project, "server");
const guide = readFileSync(join(root, "docs/server.md"), "utf8");

/** The module of docs/server.md for a platform. */
const moduleFor = (platform: string) =>
  new RegExp(`^\`\`\`js ${platform}\\n(.*?)^\`\`\`$`, "ms").exec(guide)![1]!;

// The token is the user's id. A chat's id contains its members, so that all platforms know it.
const sessions = `
  export function sessionOf(url) {
    const user_id = Number(new URL(url, "http://localhost").searchParams.get("token"));
    return user_id > 0 ? { user_id, session_key: new Uint8Array(32).fill(1 + (user_id % 250)) } : undefined;
  }
  export const membersOf = (chat_id) => [Math.floor(chat_id / 1000) % 1000, chat_id % 1000];
`;

/** Runs the Worker as in production, with its own address for connections. */
const miniflare = `
  import { Miniflare } from "miniflare";
  const server = new Miniflare({
    port: Number(process.env.PORT),
    modules: true,
    scriptPath: "worker.js",
    compatibilityDate: "2025-01-01",
    durableObjects: { CHATS: "Chats" },
  });
  await server.ready;
`;

let running: ChildProcess | undefined;

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, "node_modules/ws"), join(project, "node_modules/ws"));
  const [, chats] = /^```ts\n(.*?)^```$/ms.exec(guide)!;
  writeFileSync(join(folder, "chats.js"), transformSync(chats!, { loader: "ts" }).code);
  writeFileSync(join(folder, "sessions.js"), sessions);
  for (const platform of ["node", "bun", "deno", "workerd"])
    writeFileSync(join(folder, `${platform}.js`), moduleFor(platform));
});
afterEach(() => running?.kill());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a program with a port, and waits until it accepts WebSockets. Returns their address. */
async function start(program: string, args: readonly string[], options: { cwd?: string } = {}) {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port) };
  const cwd = options.cwd ?? folder;
  const stdio = ["ignore", "ignore", "inherit"] as const;
  running = spawn(program, args, { cwd, env, stdio: [...stdio] });
  const url = `ws://127.0.0.1:${port}/?token=`;
  await expect.poll(() => opens(`${url}999`), { timeout: 60_000 }).toBe(true);
  return url;
}

function opens(url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => {
    socket.on("open", () => {
      socket.terminate();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Runs the cases of part websocket, and returns the names of the failed ones. */
async function failedCases(url: string): Promise<string[]> {
  let [users, chats] = [0, 0];
  const target: ContractTarget = {
    users: {
      async create() {
        users += 1;
        const user_id = users;
        const session_key = new Uint8Array(32).fill(1 + (user_id % 250));
        return { user_id, session_key, connect: () => new WebSocket(`${url}${user_id}`) };
      },
      async createChat(creator, peer) {
        chats += 1;
        return chats * 1_000_000 + creator.user_id * 1000 + peer.user_id;
      },
    },
  };
  // The module of the guide sends no presence.
  const cases = contract.filter(
    ({ part, name }) => part === "websocket" && !name.includes("online after a hello"),
  );
  expect(cases.length).toBeGreaterThan(60);
  const failed: string[] = [];
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      for (let one = cases.shift(); one !== undefined; one = cases.shift()) {
        const { name, run } = one;
        await run(target).catch((error) => failed.push(`${name}: ${error.message}`));
      }
    }),
  );
  return failed;
}

it("the server of docs/server.md for Node passes the contract suite", async () => {
  expect(await failedCases(await start(process.execPath, ["node.js"]))).toEqual([]);
});

it("the server of docs/server.md for Bun passes the contract suite", async ({ skip }) => {
  const bun = orSkip(() => join(installed("bun@1"), ".bin/bun"), skip);
  expect(await failedCases(await start(bun, ["bun.js"]))).toEqual([]);
});

it("the server of docs/server.md for Deno passes the contract suite", async ({ skip }) => {
  const deno = orSkip(() => join(installed("deno@2"), ".bin/deno"), skip);
  const args = ["run", "-A", "--node-modules-dir=manual", "deno.js"];
  expect(await failedCases(await start(deno, args))).toEqual([]);
});

it("the server of docs/server.md for Workers passes the contract suite", async ({ skip }) => {
  const cwd = folderFor("miniflare");
  orSkip(() => install(cwd, ["miniflare@4"]), skip);
  await build({
    entryPoints: [join(folder, "workerd.js")],
    outfile: join(cwd, "worker.js"),
    bundle: true,
    format: "esm",
    conditions: ["workerd"],
    external: ["cloudflare:workers"],
  });
  writeFileSync(join(cwd, "main.js"), miniflare);
  expect(await failedCases(await start(process.execPath, ["main.js"], { cwd }))).toEqual([]);
});
