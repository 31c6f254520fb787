import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../../../test/support/optional.js";
import { createDatabase, type ScratchDatabase } from "../../server/harness/processes/database.js";
import { isNginxInstalled, NginxProcess } from "../../server/harness/processes/nginx-process.js";
import { ServerProcess } from "../../server/harness/processes/server-process.js";
import { hasBrowser, launch } from "../tools/browsers.js";
import { WEB_ROOT } from "../tools/build-page.js";
import { FIRST_TEXT, HeadlessUser } from "./headless-user.js";
import { TcpProxy } from "./proxy.js";
import { TestUser } from "./test-user.js";

const BASE_PATH = "/apps/lacre";

const describeBehind = describeIf(isNginxInstalled && hasBrowser("chromium"), "nginx and Chromium");

for (const strips of [true, false]) {
  const action = strips ? "removes" : "forwards";
  describeBehind(`the page behind an nginx that ${action} the base path`, () => {
    let database: ScratchDatabase;
    let server: ServerProcess;
    let nginx: NginxProcess;
    let browser: Awaited<ReturnType<typeof launch>>;
    beforeAll(async () => {
      database = await createDatabase("sqlite");
      const options = { databaseUrl: database.url, webRoot: WEB_ROOT, basePath: BASE_PATH };
      server = await ServerProcess.create(options);
      [browser] = await Promise.all([launch("chromium"), server.start()]);
      nginx = await NginxProcess.start({ to: server.port, basePath: BASE_PATH, strips });
    });
    afterAll(async () => {
      await browser?.close();
      await nginx?.remove();
      await server?.stop();
      await database.remove();
    });

    it("exchanges messages, names its stored data by the path, and opens without a connection", async () => {
      const proxy = await TcpProxy.start(nginx.port);
      const ana = new TestUser("ana", proxy, await browser.newContext());
      await ana.openPage();
      // Users type the address without the last slash.
      await ana.page.goto(proxy.url + BASE_PATH);
      expect(ana.page.url()).toBe(`${proxy.url}${BASE_PATH}/`);
      await ana.signUp();
      const sizes = await ana.page.evaluate(() =>
        performance
          .getEntriesByType("resource")
          .map((entry) => entry as PerformanceResourceTiming)
          .filter(({ name }) => /\/assets\/[^/]+\.(js|css)$/.test(name))
          // The server does not compress parts of less than 1 KiB.
          .filter(({ decodedBodySize }) => decodedBodySize >= 1024)
          .map(({ encodedBodySize, decodedBodySize }) => encodedBodySize / decodedBodySize),
      );
      expect(sizes.length).toBeGreaterThan(1);
      for (const part of sizes) expect(part).toBeLessThan(0.5);
      const bob = await HeadlessUser.start(`${proxy.url}${BASE_PATH}`, "bob", "ana");
      await ana.openChat("bob");
      await ana.waitForMessages(FIRST_TEXT);
      await ana.send("hola, bob");
      await ana.waitForTicks("Delivered");

      const scope = await ana.page.evaluate(
        async () => (await navigator.serviceWorker.ready).scope,
      );
      expect(scope).toBe(`${proxy.url}${BASE_PATH}/`);
      const storeNames = await ana.page.evaluate(async () => [
        ...(await indexedDB.databases()).map(({ name }) => name),
        ...(await caches.keys()),
      ]);
      expect(storeNames.length).toBeGreaterThan(2);
      for (const name of storeNames) expect(name).toContain(`${BASE_PATH}/`);

      await bob.close();
      await proxy.cut();
      await ana.page.reload();
      await ana.waitForMessages(FIRST_TEXT, "hola, bob");
      await proxy.restore();
      expect(ana.problems).toEqual([]);
      await ana.close();
    });
  });
}
