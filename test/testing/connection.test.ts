import { afterEach, describe, expect, it, vi } from "vitest";
import { MessageProtocol } from "../../src/index.js";
import { acceptHello } from "../../src/server/index.js";
import { Connection } from "../../src/testing/contract/connection.js";
import type { ContractSocket } from "../../src/testing/index.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";

const SESSION_KEY = counting(32);

/** A socket whose server answers the hello and keeps the frames that follow it. */
function welcomed(): { readonly socket: ContractSocket; readonly frames: MessageProtocol[] } {
  const frames: MessageProtocol[] = [];
  let isWelcomed = false;
  const socket: ContractSocket = {
    binaryType: "",
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    close: () => {},
    send: (data) => {
      if (isWelcomed) {
        frames.push(MessageProtocol.fromBytes(data));
        return;
      }
      isWelcomed = true;
      const offer = { capabilities: [], limits: {}, heartbeat: 30 };
      const accepted = acceptHello(data, SESSION_KEY, offer, NOW);
      socket.onmessage!({ data: accepted.frame });
    },
  };
  return { socket, frames };
}

describe("a connection of the contract suite", () => {
  afterEach(() => vi.useRealTimers());

  it.each([600, -600])(
    "signs increasing timestamps after a frame of age %i, on a clock that does not advance",
    async (age) => {
      vi.useFakeTimers({ now: NOW * 1000, toFake: ["Date"] });
      const { socket, frames } = welcomed();
      const connection = new Connection(socket, SESSION_KEY, 1);
      await connection.handshake();
      connection.send("heartbeat", { sent_at: 1 });
      connection.send("heartbeat", { sent_at: 2 }, { age });
      connection.send("heartbeat", { sent_at: 3 });
      const [first, odd, next] = frames.map(({ timestamp }) => timestamp);
      expect(odd).toBe(NOW - age);
      expect(next).toBeGreaterThan(first!);
    },
  );
});
