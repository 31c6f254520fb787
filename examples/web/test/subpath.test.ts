import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../../../test/support/optional.js";
import { createDatabase, type ScratchDatabase } from "../../server/harness/processes/database.js";
import { isNginxInstalled, NginxProcess } from "../../server/harness/processes/nginx-process.js";
import { ServerProcess } from "../../server/harness/processes/server-process.js";
import { hasBrowser, launch } from "../tools/browsers.js";
import { WEB_ROOT } from "../tools/build-page.js";
import { Cable } from "./cable.js";
import { Companion, GREETING } from "./companion.js";
import { Person } from "./person.js";

const BASE_PATH = "/apps/lacre";

const describeBehind = describeIf(isNginxInstalled && hasBrowser("chromium"), "nginx and Chromium");

for (const strips of [true, false]) {
  const what = strips ? "removes" : "passes on";
  describeBehind(`the page behind an nginx that ${what} the base path`, () => {
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

    it("chats, keeps what it keeps under the path, and opens without a connection", async () => {
      const cable = await Cable.lay(nginx.port);
      const ana = new Person("ana", cable, await browser.newContext());
      await ana.visit();
      // Without the last slash, as people type it.
      await ana.page.goto(cable.url + BASE_PATH);
      expect(ana.page.url()).toBe(`${cable.url}${BASE_PATH}/`);
      await ana.signUp();
      const sizes = await ana.page.evaluate(() =>
        performance
          .getEntriesByType("resource")
          .map((entry) => entry as PerformanceResourceTiming)
          .filter(({ name }) => /\/assets\/[^/]+\.(js|css)$/.test(name))
          .map(({ encodedBodySize, decodedBodySize }) => encodedBodySize / decodedBodySize),
      );
      expect(sizes.length).toBeGreaterThan(1);
      for (const part of sizes) expect(part).toBeLessThan(0.5);
      const bob = await Companion.with(`${cable.url}${BASE_PATH}`, "bob", "ana");
      await ana.openChat("bob");
      await ana.sees(GREETING);
      await ana.write("hola, bob");
      await ana.ticks("Delivered");

      const scope = await ana.page.evaluate(
        async () => (await navigator.serviceWorker.ready).scope,
      );
      expect(scope).toBe(`${cable.url}${BASE_PATH}/`);
      const kept = await ana.page.evaluate(async () => [
        ...(await indexedDB.databases()).map(({ name }) => name),
        ...(await caches.keys()),
      ]);
      expect(kept.length).toBeGreaterThan(2);
      for (const name of kept) expect(name).toContain(`${BASE_PATH}/`);

      await bob.leave();
      await cable.cut();
      await ana.page.reload();
      await ana.sees(GREETING, "hola, bob");
      await cable.mend();
      expect(ana.complaints).toEqual([]);
      await ana.leave();
    });
  });
}
