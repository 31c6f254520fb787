import { describe, expect, it } from "vitest";
import type { PageFixture } from "../fixture.js";
import { FIRST_TEXT, HeadlessUser } from "../headless-user.js";
import { PASSPHRASE, type TestUser } from "../test-user.js";

export function describeFailures(fixture: PageFixture): void {
  describe("the page while it loads", () => {
    it("shows its name before its script runs, and if the script does not load", async () => {
      // A service worker would serve the script from its cache.
      const abe = await fixture.openUser("abe", { serviceWorkers: "block" });
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      let requests = 0;
      await abe.context.route("**/assets/main-*.js", async (route) => {
        requests += 1;
        await released;
        await route.continue();
      });
      const reloading = abe.page.reload();
      await abe.page.getByRole("heading", { name: "Lacre", exact: true }).waitFor();
      await expect.poll(() => requests).toBeGreaterThan(0);
      release();
      await reloading;
      await abe.page.getByLabel("Username", { exact: true }).waitFor();
      expect(await abe.page.getByRole("main").count()).toBe(1);

      const scriptless = await abe.context.newPage();
      await scriptless.route("**/assets/main-*.js", (route) => route.abort());
      await scriptless.goto(abe.proxy.url);
      await scriptless.getByRole("heading", { name: "Lacre", exact: true }).waitFor();
    });

    it("works if its service worker cannot be fetched", async () => {
      const ottilie = await fixture.openUser("ottilie");
      // Fails as it does when the connection breaks during the download of the worker.
      await ottilie.context.addInitScript(() => {
        ServiceWorkerContainer.prototype.register = () =>
          Promise.reject(new TypeError("Failed to register a ServiceWorker"));
      });
      await ottilie.page.reload();
      await ottilie.signUp();
    });

    it("says that it needs HTTPS if it was loaded over HTTP", async () => {
      const ben = await fixture.openUser("ben");
      const page = await ben.context.newPage();
      const errors: string[] = [];
      page.on("pageerror", ({ message }) => void errors.push(message));
      await page.route("http://chat.lan:8000/**", async (route) => {
        const response = await fetch(fixture.serverUrl + new URL(route.request().url()).pathname);
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

  describe("a user without chats", () => {
    it("can reload without a connection, and gets new chats after the page reconnects", async () => {
      const cleo = await fixture.openUser("cleo");
      await cleo.signUp();
      await cleo.page.evaluate(async () => void (await navigator.serviceWorker.ready));
      await cleo.proxy.cut();
      await cleo.page.reload();
      await cleo.waitForText("No chats yet");
      await cleo.waitForText("You are offline");
      const dora = await HeadlessUser.start(fixture.serverUrl, "dora", "cleo");
      await cleo.proxy.restore();
      await cleo.openChat("dora");
      await cleo.waitForMessages(FIRST_TEXT);
      await dora.close();
    });
  });

  describe("a browser that clears the site's data", () => {
    it("makes the page show what is lost and the unsent texts, and the user can sign in again", async () => {
      const eva = await fixture.openUser("eva");
      await eva.signUp();
      const fred = await HeadlessUser.start(fixture.serverUrl, "fred", "eva");
      await eva.openChat("fred");
      await eva.waitForMessages(FIRST_TEXT);
      await eva.proxy.answerDuring("/clear", { "clear-site-data": '"storage"' }, async () => {
        await eva.send("waits");
        await eva.composer.fill("a draft");
        await eva.page.evaluate(() => fetch("/clear").catch(() => {}));
        await eva.waitForText("This site’s data was cleared");
      });
      await eva.page.getByRole("listitem").getByText("waits").waitFor();
      await eva.page.getByRole("listitem").getByText("a draft").waitFor();
      expect(await eva.page.getByText("is lost").count()).toBe(0);
      expect(await eva.accessibilityViolations()).toEqual([]);
      await eva.button("Sign in again").click();
      await eva.signIn();
      await eva.unlock(PASSPHRASE);
      await eva.waitForMessages(FIRST_TEXT);
      await fred.close();
    });
  });

  describe("a browser without free disk space", () => {
    it("shows messages, returns a text that it cannot store, and sends it once there is space", async () => {
      const nia = await fixture.openUser("nia");
      await nia.signUp();
      const oskar = await HeadlessUser.start(fixture.serverUrl, "oskar", "nia");
      await nia.openChat("oskar");
      await nia.waitForMessages(FIRST_TEXT);
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
      await oskar.send("shown");
      await nia.waitForMessages(FIRST_TEXT, "shown");
      await nia.waitForText("The browser has no room left for this page: free some disk space");
      await holdEncryption(nia, async () => {
        await nia.send("not kept");
        await nia.composer.fill("typed since");
      });
      await expect.poll(() => nia.composer.inputValue()).toBe("not kept\ntyped since");
      await nia.waitForMessages(FIRST_TEXT, "shown");
      await setFull(false);
      await nia.page.getByText("no room left").waitFor({ state: "detached" });
      await nia.composer.press("Enter");
      await nia.waitForMessages(FIRST_TEXT, "shown", "not kept\ntyped since");
      await nia.waitForTicks("Delivered");
      await oskar.close();
    });
  });

  describe("a page whose origin the server does not allow", () => {
    it("names the setting to change", async () => {
      const gus = await fixture.openUser("gus");
      gus.proxy.hidesHost = true;
      await gus.proxy.cut();
      await gus.proxy.restore();
      await gus.page.reload();
      await gus.signUp();
      await gus.waitForText(
        /does not accept live connections from this page’s address.+CORS_ORIGINS/,
      );
    });
  });

  describe("an error", () => {
    it("is shown as a plain sentence, with one banner at a time", async () => {
      const hugo = await fixture.openUser("hugo");
      await hugo.page.getByLabel("Username", { exact: true }).fill("hugo");
      await hugo.page.getByLabel("Password").fill("not his password");
      await hugo.page.getByRole("button", { name: "Sign in", exact: true }).click();
      await hugo.waitForText(
        "Username or password is wrong. Try again, or create an account first.",
      );
      await hugo.proxy.cut();
      await hugo.page.getByRole("button", { name: "Sign in", exact: true }).click();
      await hugo.waitForText("The server does not answer. Check your connection and try again.");
      await hugo.proxy.restore();
      await hugo.signUp();
      const iris = await HeadlessUser.start(fixture.serverUrl, "iris", "hugo");
      await hugo.openChat("iris");

      const banners = hugo.page.locator(".banner:visible");
      await hugo.button("What the server sees").click();
      await hugo.waitForText("All that the server has");
      await hugo.proxy.cut();
      await hugo.waitForText("You are offline");
      expect(await banners.count()).toBe(1);
      await hugo.context.route("**/users/search*", (route) =>
        route.fulfill({
          status: 429,
          headers: { "retry-after": "7" },
          json: { error_code: "ERR_RATE_LIMITED", error_message: "raw text", timestamp: 1 },
        }),
      );
      await hugo.page.getByLabel("Find people").fill("some");
      await hugo.waitForText("That was too often. Try again in 7 s.");
      expect(await banners.count()).toBe(1);
      expect(await hugo.page.getByText(/fetch|NetworkError|raw text/i).count()).toBe(0);
      await hugo.button("Dismiss").click();
      await hugo.waitForText("You are offline");
      expect(await banners.count()).toBe(1);
      await iris.close();
    });
  });

  describe("signing out and erasing everything", () => {
    it("says what a plain sign-out keeps, and leaves no data", async () => {
      const jan = await fixture.openUser("jan");
      await jan.signUp();
      const kaya = await HeadlessUser.start(fixture.serverUrl, "kaya", "jan");
      await jan.openChat("kaya");
      await jan.waitForMessages(FIRST_TEXT);
      await expect.poll(() => jan.storedData()).toMatch(/messages":\[\{/);
      await jan.button("Account of").click();
      await jan.waitForText("Stored messages and unsent ones stay here, encrypted");
      await jan.button("Sign out and erase everything here").click();
      await jan.page.getByLabel("Username", { exact: true }).waitFor();
      const stores = JSON.parse(await jan.storedData())
        .slice(2)
        .map(Object.values)
        .flat(2);
      expect(stores).toEqual([]);
      await kaya.close();
    });
  });
}

/** Runs `work` while the page's encryption does not finish, as on a busy machine. */
async function holdEncryption({ page }: TestUser, work: () => Promise<void>): Promise<void> {
  await page.evaluate(() => {
    const { encrypt } = SubtleCrypto.prototype;
    const released = new Promise((resolve) => addEventListener("release", resolve));
    SubtleCrypto.prototype.encrypt = async function (...given) {
      await released;
      return encrypt.apply(this, given);
    };
  });
  await work();
  await page.evaluate(() => dispatchEvent(new Event("release")));
}
