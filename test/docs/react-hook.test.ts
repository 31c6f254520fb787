import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { h, render } from "preact";
import ts from "typescript";
import { afterAll, expect, it, vi } from "vitest";
import type { Client, ClientOptions, ReadMessage } from "../../src/client/index.js";
import { memoryStorage } from "../../src/client/index.js";
import type { Content, TextContent } from "../../src/e2e/index.js";
import {
  ALICE,
  BOB,
  CHAT,
  cipherOf,
  Network,
  SESSION_KEY,
  start,
  text,
} from "../client/fixture.js";
import { root } from "../support/installed.js";

type UseChat = (
  options: ClientOptions<TextContent, Content>,
  chatId: number,
) => {
  readonly client: Client<TextContent, Content> | undefined;
  readonly messages: readonly ReadMessage<Content>[];
};

const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "lacre-react-hook-"));
afterAll(() => rmSync(folder, { recursive: true }));

const document = readFileSync(join(root, "docs/client.md"), "utf8");
const [, hook] = /^```tsx\n(.*?)^```$/ms.exec(document)!;
// Preact's hooks have the interface of React's.
const code = hook!.replace('from "react"', 'from "preact/hooks"');

it("the hook of docs/client.md compiles", () => {
  const path = join(folder, "hook.mts");
  writeFileSync(path, code);
  const options = ["--strict", "--target", "es2023", "--module", "nodenext", "--skipLibCheck"];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const all = [compiler, "--ignoreConfig", ...options, "--noEmit", path];
  const { stdout } = spawnSync(process.execPath, all, { cwd: root, encoding: "utf8" });
  expect(stdout).toBe("");
});

it("the hook of docs/client.md shows each message once, also if it is mounted twice, as in StrictMode", async () => {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const path = join(folder, "hook.mjs");
  writeFileSync(path, outputText);
  const { useChat }: { useChat: UseChat } = await import(pathToFileURL(path).href);

  const network = new Network();
  const cipher = await cipherOf();
  const storage = memoryStorage();
  const options = {
    ...{ session_key: SESSION_KEY, user_id: ALICE, storage, chats: () => cipher },
    connect: network.connect(ALICE),
  };
  let shown: ReturnType<UseChat> | undefined;
  function Chat() {
    shown = useChat(options, CHAT);
    return null;
  }
  const parent = { nodeType: 1, childNodes: [], firstChild: null } as unknown as Element;
  const isMounted = () => vi.waitUntil(() => shown?.client !== undefined, { timeout: 30_000 });

  render(h(Chat, {}), parent);
  await isMounted();
  const first = shown!.client!;
  render(null, parent);
  shown = undefined;
  render(h(Chat, {}), parent);
  await isMounted();
  const second = shown!.client!;
  expect(second).not.toBe(first);
  await vi.waitUntil(() => second.status === "online", { timeout: 30_000 });
  expect(first.status).toBe("stopped");
  expect(network.open).toBe(1);

  const bob = await start(network, { user_id: BOB });
  await bob.client.send(CHAT, text("1"));
  await bob.wait("sent");
  await second.send(CHAT, text("2"));
  await bob.wait("message");
  const texts = () => shown!.messages.map(({ content }) => content);
  await vi.waitUntil(() => texts().length === 2, { timeout: 30_000 });
  expect(texts()).toEqual([text("1"), text("2")]);

  render(null, parent);
  await vi.waitUntil(() => second.status === "stopped", { timeout: 30_000 });
  // A later mount reads the messages from the storage.
  render(h(Chat, {}), parent);
  await vi.waitUntil(() => texts().length === 2, { timeout: 30_000 });
  expect(texts()).toEqual([text("1"), text("2")]);
  render(null, parent);
  await bob.client.stop();
});
