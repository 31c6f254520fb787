import { expect, it } from "vitest";

const known = /Node\.js\/\d+|Bun\/[\d.]+|Deno\/[\d.]+|Cloudflare-Workers|Firefox\/\d+|Chrome\/\d+/;

function runtime(): string | undefined {
  const { navigator, process } = globalThis;
  // Node 20 has no navigator.
  return known.exec(navigator?.userAgent ?? `Node.js/${process?.versions.node}`)?.[0];
}

// test:runtimes reads the name from this title, so that its table shows the runtime that ran.
it(`runs in ${runtime()}`, () => expect(runtime()).toBeDefined());
