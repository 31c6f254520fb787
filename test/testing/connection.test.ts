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

function connectionOn(socket: ContractSocket, lines: string[] = []): Connection {
  const record = (line: string) => void lines.push(line);
  return new Connection(socket, { sessionKey: SESSION_KEY, timeout: 1, record });
}

describe("a connection of the contract suite", () => {
  afterEach(() => vi.useRealTimers());

  it.each([600, -600])(
    "signs increasing timestamps after a frame of age %i, on a clock that does not advance",
    async (age) => {
      vi.useFakeTimers({ now: NOW * 1000, toFake: ["Date"] });
      const { socket, frames } = welcomed();
      const connection = connectionOn(socket);
      await connection.handshake();
      connection.send("heartbeat", { sent_at: 1 });
      connection.send("heartbeat", { sent_at: 2 }, { age });
      connection.send("heartbeat", { sent_at: 3 });
      const [first, odd, next] = frames.map(({ timestamp }) => timestamp);
      expect(odd).toBe(NOW - age);
      expect(next).toBeGreaterThan(first!);
    },
  );

  it("records the frames in both directions, and who closed it", async () => {
    const lines: string[] = [];
    const { socket } = welcomed();
    const connection = connectionOn(socket, lines);
    socket.onopen!({});
    await connection.handshake();
    socket.send = () => {};
    connection.sendRaw(Uint8Array.of(0xc1, 0xff));
    connection.sendRaw("hola");
    socket.onmessage!({ data: "adiós" });
    socket.onclose!({ code: 1011 });
    expect(lines).toEqual([
      "is open",
      expect.stringMatching(/^sends hello, \d+ bytes on wire 1 \{"nonce":".*","wires":\[2,1\]/),
      expect.stringMatching(
        /^receives welcome, \d+ bytes on wire 1 .*, signed with the session server key$/,
      ),
      "sends 2 bytes that are no frame: c1ff",
      'sends the text "hola"',
      'receives the text "adiós"',
      "is closed by the server, with 1011",
    ]);
  });

  it("records that the case closed it", () => {
    const lines: string[] = [];
    const { socket } = welcomed();
    connectionOn(socket, lines).end();
    socket.onclose!({ code: 1005 });
    expect(lines).toEqual(["is closed by the case"]);
  });

  it("is open at once on a socket that is open", async () => {
    const { socket } = welcomed();
    expect(await connectionOn({ ...socket, readyState: 1 }).opens()).toBe(true);
  });
});
