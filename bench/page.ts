import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";

export interface PageOptions {
  /** Path of the script in TypeScript. */
  readonly script: string;
  /** The page, which loads `/script.js`. */
  readonly html: string;
  /** Texts that replace expressions of the script. */
  readonly define?: Readonly<Record<string, string>>;
  /** Called with the path and the body of each POST request of the page. */
  readonly onPost?: (path: string, text: string) => void;
}

/** Serves a page with a bundled script on 127.0.0.1. */
export async function servePage({ script, html, define = {}, onPost }: PageOptions) {
  const { outputFiles } = await build({
    ...{ entryPoints: [script], bundle: true, write: false, format: "esm", platform: "browser" },
    ...{ logLevel: "error", define },
  });
  const server = createServer(async (request, response) => {
    const { method, url = "/" } = request;
    // Cross-origin isolated pages have a clock with 5 µs resolution. Other pages have a coarser one.
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    if (method === "POST") {
      const text = Buffer.concat(await request.toArray()).toString();
      response.end();
      return onPost?.(url, text);
    }
    const isScript = url === "/script.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? outputFiles[0]!.text : `<!doctype html>${html}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
