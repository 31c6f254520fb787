import { render } from "preact";
import * as z from "zod/mini";
import { App } from "./model/app.js";
import { Page } from "./views/page.js";

/** The part of https://www.w3.org/TR/trusted-types/ that TypeScript does not have yet. */
declare global {
  var trustedTypes:
    | {
        createPolicy(
          name: string,
          rules: { createScriptURL(text: string): string },
        ): { createScriptURL(text: string): object };
      }
    | undefined;
}

// Compiling schemas makes code from text, which the page's policy forbids: not even tried, nothing is reported.
z.config({ jitless: true });

/** Has the page open without a connection too. Browsers that know of trusted types take no other address for a program. */
function keepPage(): void {
  const address = "/service-worker.js";
  const policy = globalThis.trustedTypes?.createPolicy("lacre", { createScriptURL: () => address });
  const trusted = policy?.createScriptURL(address) ?? address;
  void navigator.serviceWorker?.register(trusted as string);
}

const app = new App();
render(<Page app={app} />, document.getElementById("app")!);
void app.run();

if (import.meta.env.PROD) keepPage();
