import { afterEach, describe, expect, it, vi } from "vitest";
import { Network, start, stopAll } from "./fixture.js";

afterEach(async () => {
  await stopAll();
  vi.unstubAllGlobals();
});

/** Returns a running client, and the calls of its `reconnectNow`. */
async function spied() {
  const { client } = await start(new Network());
  const { mock } = vi.spyOn(client, "reconnectNow");
  return { client, calls: () => mock.calls.length };
}

/** Returns the document, or on a platform without one a global EventTarget, with a visibility that the test sets. */
function documentThat(visibilityState: string): EventTarget {
  const existing = (globalThis as { document?: EventTarget }).document;
  const target = existing ?? new EventTarget();
  if (existing === undefined) vi.stubGlobal("document", target);
  Object.defineProperty(target, "visibilityState", { value: visibilityState, configurable: true });
  return target;
}

function stubWindow(): EventTarget {
  const target = new EventTarget();
  for (const method of ["addEventListener", "removeEventListener"] as const)
    vi.stubGlobal(method, target[method].bind(target));
  return target;
}

describe("a client", () => {
  it.each(["online", "offline", "pageshow"])("checks its connection at %s", async (type) => {
    const window = stubWindow();
    const { calls } = await spied();
    window.dispatchEvent(new Event(type));
    expect(calls()).toBe(1);
  });

  it("checks its connection when the page is resumed, and when it becomes visible", async () => {
    const document = documentThat("visible");
    const { calls } = await spied();
    document.dispatchEvent(new Event("resume"));
    expect(calls()).toBe(1);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(calls()).toBe(2);
    documentThat("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    expect(calls()).toBe(2);
    // A browser's document then has its own state again.
    Reflect.deleteProperty(document, "visibilityState");
  });

  it("has no listeners after it has stopped, while another client has", async () => {
    const window = stubWindow();
    const [first, second] = [await spied(), await spied()];
    const calls = () => [first.calls(), second.calls()];
    window.dispatchEvent(new Event("online"));
    expect(calls()).toEqual([1, 1]);
    await first.client.stop();
    window.dispatchEvent(new Event("online"));
    expect(calls()).toEqual([1, 2]);
    await second.client.stop();
    window.dispatchEvent(new Event("online"));
    expect(calls()).toEqual([1, 2]);
  });
});
