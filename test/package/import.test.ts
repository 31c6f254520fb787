import { execFileSync } from "node:child_process";
import { describe, expect, inject, it } from "vitest";

const { project } = inject("packed");

/** Runs a program in a project that has the package installed, and returns its output. */
function printed(code: string, ...flags: string[]): string {
  return execFileSync(process.execPath, [...flags, "--input-type=module", "--eval", code], {
    cwd: project,
    encoding: "utf8",
  });
}

/** Loads @noble/curves, which calls getRandomValues once, to see whether it works. */
const PROBE = 'await import("@noble/curves/ed25519.js");';

describe("an import", () => {
  it.each([
    ...["lacre", "lacre/e2e", "lacre/mls", "lacre/session", "lacre/server", "lacre/testing"],
    ...["lacre/client", "lacre/client/indexeddb", "lacre/client/mls", "lacre/client/node"],
  ])("of %s has no side effects", (entry) => {
    const code = `
      await import("zod/mini"); // which has side effects of its own
      ${/mls$/.test(entry) ? PROBE : ""}
      const realm = () => [globalThis, process, Object.prototype, Array.prototype, Uint8Array.prototype]
        .flatMap((one) => Reflect.ownKeys(one).map(String));
      const called = [];
      const spied = (holder, name) => {
        const real = holder[name];
        holder[name] = (...given) => { called.push(name); return real.apply(holder, given); };
      };
      spied(crypto, "getRandomValues");
      spied(Date, "now");
      for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch", "queueMicrotask"])
        spied(globalThis, name);
      for (const name of ["log", "warn", "error"]) spied(console, name);
      const before = realm();
      await import("${entry}");
      const after = realm();
      process.stdout.write(JSON.stringify({
        called,
        added: after.filter((name) => !before.includes(name)),
      }));
    `;
    expect(JSON.parse(printed(code))).toEqual({ called: [], added: [] });
  });

  it.each(["lacre", "lacre/e2e"])("of %s names the needed version on Node 18", (entry) => {
    const code = `
      delete globalThis.crypto; // which Node 18 does not have
      const { message } = await import("${entry}").catch((error) => error);
      process.stdout.write(String(message));
    `;
    expect(printed(code)).toBe("lacre needs Node 20.19 or later");
  });

  it("does not load AES in JavaScript if the platform has AES", () => {
    const code = `
      import { ChatKey, encrypt } from "lacre/e2e";
      await encrypt(await ChatKey.from(new Uint8Array(32).fill(1)), new Uint8Array(9));
      process.stdout.write(String(process.memoryUsage().arrayBuffers < 1_000_000));
    `;
    expect(printed(code)).toBe("true");
  });
});

describe("import and require together", () => {
  it("load the same classes: instanceof works across entries and across both ways", () => {
    const code = `
      import { createRequire } from "node:module";
      import * as lacre from "lacre";
      import * as e2e from "lacre/e2e";
      import * as session from "lacre/session";
      import * as server from "lacre/server";
      const required = createRequire(import.meta.url);
      const thrownBy = async (f) => { try { await f(); } catch (error) { return error; } };
      const errors = await Promise.all([
        thrownBy(() => lacre.MessageProtocol.fromBytes(new Uint8Array(3))),
        thrownBy(() => e2e.createChatKey("")),
        thrownBy(() => required("lacre/e2e").createChatKey("")),
        thrownBy(() => session.httpKeys(new Uint8Array(32))),
        thrownBy(() => required("lacre/session").httpKeys(new Uint8Array(32))),
        thrownBy(() => server.directionKeys(new Uint8Array(32))),
        thrownBy(() => required("lacre/server").directionKeys(new Uint8Array(32))),
      ]);
      process.stdout.write(JSON.stringify({
        isOne: required("lacre").LacreError === lacre.LacreError,
        areInstances: errors.map((error) => error instanceof lacre.LacreError),
      }));
    `;
    expect(JSON.parse(printed(code, "--no-warnings"))).toEqual({
      isOne: true,
      areInstances: Array(7).fill(true),
    });
  });
});
