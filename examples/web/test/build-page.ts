import { fileURLToPath } from "node:url";
import { build } from "vite";

const web = fileURLToPath(new URL("../", import.meta.url));

export const WEB_ROOT = `${web}dist`;

/** Builds the page as it is served: on the library's build, as browsers get it. */
export default async function buildPage(): Promise<void> {
  await build({ root: web, logLevel: "warn" });
}
