import { options, render } from "preact";
import * as z from "zod/mini";
import { App } from "./model/app.js";
import { Insecure } from "./views/insecure.js";
import { Page } from "./views/page.js";

/** The part of https://www.w3.org/TR/trusted-types/ that the page uses. TypeScript has no types for it yet. */
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

// zod tries to compile schemas with `new Function`, which the page's policy forbids and browsers report.
z.config({ jitless: true });

/** Registers the service worker, which makes the page open offline. With trusted types, its address must be a TrustedScriptURL. */
function registerServiceWorker(): void {
  const address = "./service-worker.js";
  const policy = globalThis.trustedTypes?.createPolicy("lacre", { createScriptURL: () => address });
  const trusted = policy?.createScriptURL(address) ?? address;
  // Without a worker the page still works online, and the next visit registers it.
  navigator.serviceWorker?.register(trusted as string).catch(() => {});
}

// Render once per frame, as thousands of messages may arrive in a row. A hidden page has no frames.
options.debounceRendering = (draw) => {
  if (document.visibilityState === "visible") requestAnimationFrame(draw);
  else setTimeout(draw);
};

const root = document.getElementById("app")!;
if (isSecureContext) {
  const app = new App();
  render(<Page app={app} />, root);
  void app.run();
  if (import.meta.env.PROD) registerServiceWorker();
} else {
  render(<Insecure />, root);
}
