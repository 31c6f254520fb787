import { createServer, type Server } from "node:http";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { describeInBrowser } from "../../examples/web/test/browsers.js";
import { launch } from "../../examples/web/tools/browsers.js";
import { createClient, memoryStorage } from "../../src/client/index.js";
import type { Content, TextContent } from "../../src/e2e/index.js";
import { root } from "../support/installed.js";
import { isQuick } from "../support/runs.js";
import { BOB, CHAT, cipherOf, SESSION_KEY, type TestClient, text } from "./fixture.js";
import type { Tab } from "./tab.js";
import { startServer } from "./web-socket-server.js";

declare const tab: Tab;

const TIMEOUT = { timeout: 60_000 };

/** Bundles the program of the tabs from the sources. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}/test/client/tab.ts`],
    bundle: true,
    format: "esm",
    write: false,
    alias: {
      "#native": `${root}/src/crypto/native.none.ts`,
      "#compile": `${root}/src/messages/compile.none.ts`,
    },
  });
  return outputFiles[0]!.text.replaceAll("</script", "<\\/script");
}

const status = (page: Page) => page.evaluate(() => tab.client.status);
const until = (condition: () => Promise<boolean>) => vi.waitUntil(condition, TIMEOUT);
const waitFor = (page: Page, expected: string) =>
  until(async () => (await status(page)) === expected);
const received = (page: Page) => page.evaluate(() => tab.received);
const history = (page: Page) => page.evaluate(() => tab.history());

for (const name of ["chromium", "firefox"] as const) {
  // A file without any suite fails.
  const describeTabs = isQuick ? describe.skip : describeInBrowser(name);
  describeTabs(`two tabs of ${name} with one storage`, () => {
    let browser: Browser;
    let script: string;
    beforeAll(async () => {
      [browser, script] = await Promise.all([launch(name), bundle()]);
    }, 180_000);
    afterAll(() => browser.close());

    let pages: Server;
    let server: Awaited<ReturnType<typeof startServer>>;
    let context: BrowserContext;
    let bob: TestClient;
    beforeEach(async () => {
      pages = createServer((_, response) => {
        const page = `<!doctype html><script type="module">${script}</script>`;
        response.writeHead(200, { "content-type": "text/html" }).end(page);
      });
      const starting = startServer({ server: pages });
      pages.listen(0, "127.0.0.1");
      server = await starting;
      context = await browser.newContext();
      const cipher = await cipherOf();
      bob = createClient<TextContent, Content>({
        ...{ session_key: SESSION_KEY, user_id: BOB, storage: memoryStorage() },
        ...{ chats: () => cipher, url: () => `ws://${server.url}/${BOB}`, WebSocket },
      });
    });
    afterEach(async () => {
      await bob.stop();
      await context.close();
      server.close();
      pages.close();
    });

    async function openTab(): Promise<Page> {
      const page = await context.newPage();
      page.setDefaultTimeout(TIMEOUT.timeout);
      await page.goto(`http://${server.url}/`);
      await page.waitForFunction(() => "tab" in globalThis);
      return page;
    }

    it("the second one continues when the first one is closed", async () => {
      const first = await openTab();
      await waitFor(first, "online");
      await first.evaluate(() => tab.send("1"));
      await until(async () => (await history(first)).length === 1);
      await bob.send(CHAT, text("2 of bob"));
      await until(async () => (await history(first)).length === 2);
      server.down();
      await first.evaluate(() => Promise.all([tab.send("3"), tab.send("4")]));
      const second = await openTab();
      await waitFor(second, "waiting");
      await second.evaluate(() => void tab.send("5"));
      expect(await history(second)).toEqual(["1", "2 of bob"]);

      await first.close();
      await until(async () => (await second.evaluate(() => tab.accepted)).length === 1);
      server.up();
      await second.evaluate(() => tab.client.reconnectNow());
      const all = ["1", "2 of bob", "3", "4", "5"];
      await until(async () => (await history(second)).length === all.length);
      expect(await history(second)).toEqual(all);
      expect(server.stored).toHaveLength(all.length);
      expect(await received(second)).toEqual([]);
    });

    it("the second one takes over when the first one has handled the current event", async () => {
      const first = await openTab();
      await first.evaluate(() => {
        tab.show = () => new Promise((resolve) => setTimeout(resolve, 1000));
      });
      await waitFor(first, "online");
      const second = await openTab();
      await waitFor(second, "waiting");
      await bob.send(CHAT, text("1"));
      await until(async () => (await received(first)).length === 1);
      await second.evaluate(() => {
        // Without timers the second tab does not begin before the first one has ended.
        Object.assign(globalThis, { setTimeout: () => 0 });
        tab.client.takeOver();
      });
      await waitFor(second, "online");
      expect(await status(first)).toBe("stopped");
      expect(await history(second)).toEqual(["1"]);
      await bob.send(CHAT, text("2"));
      await until(async () => (await history(second)).length === 2);
      expect(await received(second)).toEqual(["2"]);
    });

    it("the second one takes over after 3 seconds if the first one does not finish", async () => {
      const first = await openTab();
      await first.evaluate(() => {
        tab.show = () => new Promise(() => {});
      });
      await waitFor(first, "online");
      const second = await openTab();
      await waitFor(second, "waiting");
      await bob.send(CHAT, text("1"));
      await until(async () => (await received(first)).length === 1);
      await second.evaluate(() => tab.client.takeOver());
      await until(async () => (await history(second)).length === 1);
      expect(await received(second)).toEqual(["1"]);
      expect(await status(first)).toBe("stopped");
    });

    it("the second one takes over while both users send, and nothing is lost or doubled", async () => {
      const first = await openTab();
      await waitFor(first, "online");
      const second = await openTab();
      await waitFor(second, "waiting");
      await first.evaluate(() => void tab.sendUntilStopped("first"));
      let sent = 0;
      const sending = setInterval(() => void bob.send(CHAT, text(`bob ${++sent}`)), 50);
      await until(async () => (await first.evaluate(() => tab.accepted)).length > 50);
      await second.evaluate(() => tab.client.takeOver());
      await waitFor(second, "online");
      await waitFor(first, "stopped");
      expect(await first.evaluate(() => tab.stopped)).toBe("another tab took over the storage");
      await second.evaluate(() => tab.send("second"));
      clearInterval(sending);
      await until(async () => (await bob.queued(CHAT)).length === 0);
      await until(() =>
        second.evaluate(async (chat) => (await tab.client.queued(chat)).length === 0, CHAT),
      );

      const accepted = await first.evaluate(() => tab.accepted);
      const ofBob = Array.from({ length: sent }, (_, at) => `bob ${at + 1}`);
      const expected = [...accepted, "second", ...ofBob];
      expect(server.stored).toHaveLength(expected.length);
      await until(async () => (await history(second)).length >= expected.length);
      const stored = await history(second);
      expect(stored.filter((one) => !one.startsWith("bob"))).toEqual([...accepted, "second"]);
      expect(stored.filter((one) => one.startsWith("bob"))).toEqual(ofBob);
      expect([...(await received(first)), ...(await received(second))]).toEqual(ofBob);
    });
  });
}
