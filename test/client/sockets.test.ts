import { afterEach, describe, expect, it, vi } from "vitest";
import type { Connect, Socket, SocketListener } from "../../src/client/index.js";
import { ALICE, CHAT, Network, start, stopAll, text } from "./fixture.js";

afterEach(async () => {
  vi.useRealTimers();
  await stopAll();
});

/** Returns a `connect` whose promises resolve when the test calls `open`, and the calls of `close` of its sockets. */
function delayed(connect: Connect) {
  const waiting: (() => void)[] = [];
  const closed: number[] = [];
  const delayedConnect: Connect = async (listener: SocketListener) => {
    const socket = await connect(listener);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return {
      send: (bytes) => socket.send(bytes),
      close(code, reason) {
        closed.push(code);
        socket.close(code, reason);
      },
    } satisfies Socket;
  };
  const open = () => waiting.shift()!();
  return { connect: delayedConnect, waiting, closed, open };
}

describe("events of a socket before `connect` has returned it", () => {
  it("are handled afterwards, in their order", async () => {
    const network = new Network();
    const opened: string[] = [];
    const { connect, waiting, open } = delayed((listener) =>
      network.connect(ALICE)({
        ...listener,
        opened() {
          opened.push("opened");
          listener.opened();
        },
      }),
    );
    const { client, wait, of } = await start(network, { connect });
    await vi.waitUntil(() => opened.length === 1 && waiting.length === 1, { timeout: 30_000 });
    expect(network.received).toEqual([]);
    open();
    await wait("online");
    await client.send(CHAT, text("hola"));
    await wait("sent");
    expect(of("offline")).toEqual([]);
    expect(opened).toHaveLength(1);
  });

  it("are ignored after a close among them", async () => {
    const network = new Network();
    let count = 0;
    const { connect, waiting, open } = delayed((listener) => {
      count += 1;
      if (count > 1) return network.connect(ALICE)(listener);
      listener.opened();
      listener.closed(1012);
      listener.received(new Uint8Array(9));
      return { send() {}, close() {} };
    });
    const { wait, of } = await start(network, { connect });
    await vi.waitUntil(() => waiting.length === 1, { timeout: 30_000 });
    expect(of("offline")).toEqual([]);
    open();
    expect(await wait("offline")).toMatchObject([{ code: 1012, retry: true }]);
    expect(of("refused")).toEqual([]);
    await vi.waitUntil(() => waiting.length === 1, { timeout: 30_000 });
    open();
    await wait("online");
  });
});

describe("a socket that opens too late", () => {
  it("is closed after the client has stopped", async () => {
    const network = new Network();
    const { connect, waiting, closed, open } = delayed(network.connect(ALICE));
    const { client } = await start(network, { connect });
    await vi.waitUntil(() => waiting.length === 1, { timeout: 30_000 });
    await client.stop();
    expect(closed).toEqual([]);
    open();
    await vi.waitUntil(() => network.open === 0, { timeout: 30_000 });
    expect(closed).toEqual([1000]);
    expect(network.received).toEqual([]);
  });

  it("is closed after 10 seconds, and its events are ignored", async () => {
    vi.useFakeTimers();
    const network = new Network();
    const { connect, waiting, closed, open } = delayed(network.connect(ALICE));
    const { of } = await start(network, { connect });
    await vi.advanceTimersByTimeAsync(9_900);
    expect(waiting).toHaveLength(1);
    expect(of("offline")).toEqual([]);
    // A second attempt begins at most a second after the first one has ended.
    await vi.advanceTimersByTimeAsync(1_200);
    expect(of("offline")).toMatchObject([{ retry: true }]);
    expect(waiting).toHaveLength(2);
    open();
    await vi.advanceTimersByTimeAsync(100);
    expect(closed).toEqual([1000]);
    expect(network.received).toEqual([]);
    expect(of("offline")).toHaveLength(1);
    open();
    await vi.advanceTimersByTimeAsync(100);
    expect(of("online")).toHaveLength(1);
    expect(network.open).toBe(1);
  });

  it("does not end the next connection if it fails instead", async () => {
    vi.useFakeTimers();
    const network = new Network();
    let fail = (_: Error) => {};
    let connect: Connect = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    const { of } = await start(network, { connect: (listener) => connect(listener) });
    await vi.advanceTimersByTimeAsync(9_900);
    connect = network.connect(ALICE);
    await vi.advanceTimersByTimeAsync(1_300);
    expect(of("online")).toHaveLength(1);
    fail(new Error("too late"));
    await vi.advanceTimersByTimeAsync(100);
    expect(of("offline")).toHaveLength(1);
    expect(network.open).toBe(1);
  });
});

describe("a socket that throws", () => {
  /** Returns a `connect` whose sockets throw from a method while `isBroken`. */
  function broken(network: Network, method: "send" | "close") {
    const state = { isBroken: true, closed: [] as number[] };
    const connect: Connect = async (listener) => {
      const socket = await network.connect(ALICE)(listener);
      const fail = () => {
        throw new Error(`${method} is broken`);
      };
      const close = (code: number, reason: string) => {
        state.closed.push(code);
        socket.close(code, reason);
      };
      return state.isBroken ? { ...socket, close, [method]: fail } : socket;
    };
    return { state, connect };
  }

  it("from close is lost, and the client connects again", async () => {
    vi.useFakeTimers();
    const network = new Network();
    const { state, connect } = broken(network, "close");
    const silent: Connect = async (listener) =>
      connect(state.isBroken ? { ...listener, opened: () => {} } : listener);
    const { of } = await start(network, { connect: (listener) => silent(listener) });
    await vi.advanceTimersByTimeAsync(9_900);
    state.isBroken = false;
    await vi.advanceTimersByTimeAsync(1_300);
    expect(of("offline")).toMatchObject([{ retry: true }]);
    expect(of("online")).toHaveLength(1);
  });

  it("from close lets the client stop, which releases the storage", async () => {
    const network = new Network();
    const { state, connect } = broken(network, "close");
    const { client, storage, wait, of } = await start(network, { connect });
    await wait("online");
    await client.stop();
    expect(of("stopped")).toMatchObject([{ error: undefined }]);
    state.isBroken = false;
    await (await start(network, { connect, storage })).wait("online");
  });

  it("from send is closed, and the client connects again", async () => {
    const network = new Network();
    const { state, connect } = broken(network, "send");
    const { wait } = await start(network, { connect });
    const [offline] = await wait("offline");
    expect(offline).toMatchObject({ retry: true, error: Error("send is broken") });
    state.isBroken = false;
    await wait("online");
    expect(state.closed[0]).toBe(1000);
    await vi.waitUntil(() => network.open === 1, { timeout: 30_000 });
  });
});
