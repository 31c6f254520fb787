import { expect, it } from "vitest";

const known = /Node\.js\/\d+|Bun\/[\d.]+|Deno\/[\d.]+|Cloudflare-Workers|Firefox\/\d+|Chrome\/\d+/;

function runtime(): string | undefined {
  const { navigator, process } = globalThis;
  // Node 20 has no navigator.
  return known.exec(navigator?.userAgent ?? `Node.js/${process?.versions.node}`)?.[0];
}

// The table of test:runtimes takes the name from here, so that it says what ran and not what was asked for.
it(`runs in ${runtime()}`, () => expect(runtime()).toBeDefined());
