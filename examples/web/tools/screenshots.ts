import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Companion } from "../test/companion.js";
import type { Person } from "../test/person.js";
import { Stage } from "../test/stage.js";
import { hasBrowser } from "./browsers.js";
import buildPage from "./build-page.js";

/** Makes the pictures of the README: of the real page, with people who write to each other. */
const folder = fileURLToPath(new URL("../../../docs/images/", import.meta.url));
const browser = (["chromium", "firefox"] as const).find(hasBrowser);
if (browser === undefined) throw new Error("Chromium or Firefox is needed to take pictures of it");

mkdirSync(folder, { recursive: true });
await buildPage();
const stage = new Stage();
await stage.open(browser);
try {
  const ana = await stage.person("ana", {
    viewport: { width: 1000, height: 640 },
    colorScheme: "light",
  });
  const bruno = await stage.person("bruno", {
    viewport: { width: 390, height: 640 },
    colorScheme: "dark",
  });
  await Promise.all([ana.signUp(), bruno.signUp()]);
  for (const name of ["elena", "Σωκράτης", "julia"]) {
    const other = await Companion.with(stage.serverUrl, name, "ana");
    if (name === "elena") await other.write("¿estás?");
    if (name === "Σωκράτης") await ana.openChat(name);
  }
  await ana.beginChat("bruno");
  await ana.write("Hola, Bruno. ¿Sigue en pie lo de mañana?");
  await bruno.openChat("ana");
  await bruno.write("Claro. A las ocho, donde siempre.");
  await ana.write("Llevo el sobre. Con lacre, como en los viejos tiempos");
  await bruno.write("Así no lo lee ni el cartero");
  await ana.write("Ni el cartero, ni el servidor.");
  await ana.ticks("Read", "Read", "Read");
  await Promise.all([ana.page.reload(), bruno.page.reload()]);
  await Promise.all([settled(ana), settled(bruno)]);
  await ana.page.screenshot({ path: `${folder}web-desktop.png` });
  await bruno.page.screenshot({ path: `${folder}web-phone-dark.png` });
  await ana.button("What the server sees").click();
  await ana.page.screenshot({ path: `${folder}web-what-the-server-sees.png` });
  console.log(`the pictures are in ${folder}`);
} finally {
  await stage.leave();
  await stage.close();
}
// The companions' connections would hold the program.
process.exit();

/** Everything is there that comes after a reload. */
async function settled(person: Person): Promise<void> {
  await person.page.locator(".pane-head .presence.online").waitFor();
  await person.page.locator(".message").nth(4).waitFor();
  await person.page.mouse.move(0, 0);
}
