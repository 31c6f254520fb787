import { describe, expect, it } from "vitest";
import { Companion, GREETING } from "../companion.js";
import { PASSPHRASE } from "../person.js";
import type { Stage } from "../stage.js";

export function trouble(stage: Stage): void {
  describe("the page before it can do its work", () => {
    it("shows its name before its script is there, and without any", async () => {
      // A service worker would serve the script from its cache.
      const abe = await stage.person("abe", { serviceWorkers: "block" });
      const held: (() => void)[] = [];
      await abe.context.route("**/assets/main-*.js", async (route) => {
        await new Promise<void>((resolve) => held.push(resolve));
        await route.continue();
      });
      const reloading = abe.page.reload();
      await abe.page.getByRole("heading", { name: "Lacre", exact: true }).waitFor();
      await expect.poll(() => held.length, { timeout: 45_000 }).toBeGreaterThan(0);
      for (const release of held) release();
      await reloading;
      await abe.page.getByLabel("Username", { exact: true }).waitFor();
      expect(await abe.page.getByRole("main").count()).toBe(1);

      const scriptless = await abe.context.newPage();
      await scriptless.route("**/assets/main-*.js", (route) => route.abort());
      await scriptless.goto(abe.cable.url);
      await scriptless.getByRole("heading", { name: "Lacre", exact: true }).waitFor();
    });

    it("works where its service worker cannot be fetched", async () => {
      const ottilie = await stage.person("ottilie");
      // As where the connection breaks while the browser fetches the worker's script.
      await ottilie.context.addInitScript(() => {
        ServiceWorkerContainer.prototype.register = () =>
          Promise.reject(new TypeError("Failed to register a ServiceWorker"));
      });
      await ottilie.page.reload();
      await ottilie.signUp();
    });

    it("says that it needs HTTPS where it came without", async () => {
      const ben = await stage.person("ben");
      const page = await ben.context.newPage();
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => void errors.push(message));
      await page.route("http://chat.lan:8000/**", async (route) => {
        const response = await fetch(stage.serverUrl + new URL(route.request().url()).pathname);
        const body = Buffer.from(await response.arrayBuffer());
        const headers = Object.fromEntries(response.headers);
        await route.fulfill({ status: response.status, headers, body });
      });
      await page.goto("http://chat.lan:8000/");
      await page.getByRole("heading", { name: "This page needs HTTPS" }).waitFor();
      const link = page.getByRole("link", { name: "https://chat.lan" });
      expect(await link.getAttribute("href")).toBe("https://chat.lan/");
      expect(errors).toEqual([]);
    });
  });

  describe("somebody who has no chat yet", () => {
    it("reloads without a connection, and has chats when it is back", async () => {
      const cleo = await stage.person("cleo");
      await cleo.signUp();
      await cleo.page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await cleo.cable.cut();
      await cleo.page.reload();
      await cleo.reads("No chats yet");
      await cleo.reads("You are offline");
      const dora = await Companion.with(stage.serverUrl, "dora", "cleo");
      await cleo.cable.mend();
      await cleo.openChat("dora");
      await cleo.sees(GREETING);
      await dora.leave();
    });
  });

  describe("somebody whose browser clears the site's data", () => {
    it("is told what is gone, keeps what was not sent, and signs in again", async () => {
      const eva = await stage.person("eva");
      await eva.signUp();
      const fred = await Companion.with(stage.serverUrl, "fred", "eva");
      await eva.openChat("fred");
      await eva.sees(GREETING);
      await eva.cable.answer("/clear", { "clear-site-data": '"storage"' }, async () => {
        await eva.write("waits");
        await eva.composer.fill("a draft");
        await eva.page.evaluate(() => fetch("/clear").catch(() => {}));
        await eva.reads("This site’s data was cleared");
      });
      await eva.page.getByRole("listitem").getByText("waits").waitFor();
      await eva.page.getByRole("listitem").getByText("a draft").waitFor();
      expect(await eva.page.getByText("is lost").count()).toBe(0);
      expect(await eva.barriers()).toEqual([]);
      await eva.button("Sign in again").click();
      await eva.signIn();
      await eva.unlock(PASSPHRASE);
      await eva.sees(GREETING);
      await fred.leave();
    });
  });

  describe("a page whose browser has no room left", () => {
    it("shows messages, gives back what cannot be kept, and sends it when there is room", async () => {
      const nia = await stage.person("nia");
      await nia.signUp();
      const oskar = await Companion.with(stage.serverUrl, "oskar", "nia");
      await nia.openChat("oskar");
      await nia.sees(GREETING);
      const setFull = (isFull: boolean) =>
        nia.page.evaluate((full) => {
          const store = IDBObjectStore.prototype;
          const all = globalThis as { writes?: Pick<IDBObjectStore, "add" | "put"> };
          all.writes ??= { add: store.add, put: store.put };
          const fail = () => {
            throw new DOMException("full", "QuotaExceededError");
          };
          Object.assign(store, full ? { add: fail, put: fail } : all.writes);
        }, isFull);
      await setFull(true);
      await oskar.write("shown");
      await nia.sees(GREETING, "shown");
      await nia.reads("The browser has no room left for this page: free some disk space");
      await nia.write("not kept");
      await expect.poll(() => nia.composer.inputValue()).toBe("not kept");
      await nia.sees(GREETING, "shown");
      await setFull(false);
      await nia.page.getByText("no room left").waitFor({ state: "detached" });
      await nia.composer.press("Enter");
      await nia.sees(GREETING, "shown", "not kept");
      await nia.ticks("Delivered");
      await oskar.leave();
    });
  });

  describe("somebody whose page is of another origin than the server expects", () => {
    it("is told which setting that is", async () => {
      const gus = await stage.person("gus");
      gus.cable.hidesHost = true;
      await gus.cable.cut();
      await gus.cable.mend();
      await gus.page.reload();
      await gus.signUp();
      await gus.reads(/does not accept live connections from this page’s address.+CORS_ORIGINS/);
    });
  });

  describe("an error", () => {
    it("is said in a plain sentence, one banner at a time", async () => {
      const hugo = await stage.person("hugo");
      await hugo.page.getByLabel("Username", { exact: true }).fill("hugo");
      await hugo.page.getByLabel("Password").fill("not his password");
      await hugo.page.getByRole("button", { name: "Sign in", exact: true }).click();
      await hugo.reads("Username or password is wrong. Try again, or create an account first.");
      await hugo.cable.cut();
      await hugo.page.getByRole("button", { name: "Sign in", exact: true }).click();
      await hugo.reads("The server does not answer. Check your connection and try again.");
      await hugo.cable.mend();
      await hugo.signUp();
      const iris = await Companion.with(stage.serverUrl, "iris", "hugo");
      await hugo.openChat("iris");

      const banners = hugo.page.locator(".banner:visible");
      await hugo.button("What the server sees").click();
      await hugo.reads("All that the server has");
      await hugo.cable.cut();
      await hugo.reads("You are offline");
      expect(await banners.count()).toBe(1);
      await hugo.context.route("**/users/search*", (route) =>
        route.fulfill({
          status: 429,
          headers: { "retry-after": "7" },
          json: { error_code: "ERR_RATE_LIMITED", error_message: "raw text", timestamp: 1 },
        }),
      );
      await hugo.page.getByLabel("Find people").fill("some");
      await hugo.reads("That was too often. Try again in 7 s.");
      expect(await banners.count()).toBe(1);
      expect(await hugo.page.getByText(/fetch|NetworkError|raw text/i).count()).toBe(0);
      await hugo.button("Dismiss").click();
      await hugo.reads("You are offline");
      expect(await banners.count()).toBe(1);
      await iris.leave();
    });
  });

  describe("somebody who signs out for good", () => {
    it("is told what stays, and leaves nothing behind", async () => {
      const jan = await stage.person("jan");
      await jan.signUp();
      const kaya = await Companion.with(stage.serverUrl, "kaya", "jan");
      await jan.openChat("kaya");
      await jan.sees(GREETING);
      await expect.poll(() => jan.kept()).toMatch(/messages":\[\{/);
      await jan.button("Account of").click();
      await jan.reads("The messages that it keeps stay, encrypted");
      await jan.button("Sign out and erase everything here").click();
      await jan.page.getByLabel("Username", { exact: true }).waitFor();
      const stores = JSON.parse(await jan.kept())
        .slice(2)
        .map(Object.values)
        .flat(2);
      expect(stores).toEqual([]);
      await kaya.leave();
    });
  });
}
