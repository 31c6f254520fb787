import { options, render } from "preact";
import * as z from "zod/mini";
import { App } from "./model/app.js";
import { Insecure } from "./views/insecure.js";
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
  const address = "./service-worker.js";
  const policy = globalThis.trustedTypes?.createPolicy("lacre", { createScriptURL: () => address });
  const trusted = policy?.createScriptURL(address) ?? address;
  // Without a worker the page still works online, and the next visit registers it.
  navigator.serviceWorker?.register(trusted as string).catch(() => {});
}

// Once a frame: thousands of messages may come in a row. A page in the background has no frames.
options.debounceRendering = (draw) => {
  if (document.visibilityState === "visible") requestAnimationFrame(draw);
  else setTimeout(draw);
};

const root = document.getElementById("app")!;
if (isSecureContext) {
  const app = new App();
  render(<Page app={app} />, root);
  void app.run();
  if (import.meta.env.PROD) keepPage();
} else {
  render(<Insecure />, root);
}
