import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PageFixture } from "../test/fixture.js";
import { HeadlessUser } from "../test/headless-user.js";
import type { TestUser } from "../test/test-user.js";
import { hasBrowser } from "./browsers.js";
import buildPage from "./build-page.js";

/** Takes the screenshots in docs/images: of the built page, while users send each other messages. */
const folder = fileURLToPath(new URL("../../../docs/images/", import.meta.url));
const browser = (["chromium", "firefox"] as const).find(hasBrowser);
if (browser === undefined)
  throw new Error(
    "no browser found: install chromium or firefox-esr, or set LACRE_CHROMIUM or LACRE_FIREFOX",
  );

mkdirSync(folder, { recursive: true });
await buildPage();
const fixture = new PageFixture();
await fixture.start(browser);
try {
  const ana = await fixture.openUser("ana", {
    viewport: { width: 1000, height: 640 },
    colorScheme: "light",
  });
  const bruno = await fixture.openUser("bruno", {
    viewport: { width: 390, height: 640 },
    colorScheme: "dark",
  });
  await Promise.all([ana.signUp(), bruno.signUp()]);
  for (const name of ["elena", "Σωκράτης", "julia"]) {
    const other = await HeadlessUser.start(fixture.serverUrl, name, "ana");
    if (name === "elena") await other.send("¿estás?");
    if (name === "Σωκράτης") await ana.openChat(name);
  }
  await ana.beginChat("bruno");
  await ana.send("Hola, Bruno. ¿Sigue en pie lo de mañana?");
  await bruno.openChat("ana");
  await bruno.send("Claro. A las ocho, donde siempre.");
  await ana.send("Llevo el sobre. Con lacre, como en los viejos tiempos");
  await bruno.send("Así no lo lee ni el cartero");
  await ana.send("Ni el cartero, ni el servidor.");
  await ana.waitForTicks("Read", "Read", "Read");
  await Promise.all([ana.page.reload(), bruno.page.reload()]);
  await Promise.all([settled(ana), settled(bruno)]);
  await ana.page.screenshot({ path: `${folder}web-desktop.png` });
  await bruno.page.screenshot({ path: `${folder}web-phone-dark.png` });
  await ana.button("What the server sees").click();
  await ana.page.screenshot({ path: `${folder}web-what-the-server-sees.png` });
  console.log(`wrote the screenshots to ${folder}`);
} finally {
  await fixture.closeUsers();
  await fixture.stop();
}
// The connections of the headless users keep the process running.
process.exit();

/** Waits until the page shows all that loads after a reload. */
async function settled(user: TestUser): Promise<void> {
  await user.page.locator(".pane-head .presence.online").waitFor();
  await user.page.locator(".message").nth(4).waitFor();
  await user.page.mouse.move(0, 0);
}
