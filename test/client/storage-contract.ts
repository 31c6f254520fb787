import { describe, expect, it, vi } from "vitest";
import type { ClientStorage } from "../../src/client/index.js";
import { ValidationError } from "../../src/index.js";
import type { OutgoingMessage } from "../../src/session/index.js";
import { counting } from "../support/hex.js";
import { CHAT, Network, OTHER_CHAT, start, text } from "./fixture.js";

const CANARY = "a canary that no storage may contain";

const outgoing = (at: number, chat_id = CHAT): OutgoingMessage => ({
  chat_id,
  sender_id: 7,
  content: counting(100 + at),
  nonce: counting(12),
  timestamp: 1_700_000_000.25,
  client_id: `018bcfe5-687b-7abc-8def-0123456789${String(at).padStart(2, "0")}`,
});
const stored = (seq: number, chat_id = CHAT) => ({
  ...outgoing(seq, chat_id),
  ...{ seq, message_id: 9000 + seq, stored_at: 1_700_000_001.5 },
});
const page = { before: Number.MAX_SAFE_INTEGER, limit: 100 };

interface Opened {
  /** Opens the same data again, as the next run of a program. */
  open(): ClientStorage;
  /** Returns all that is stored, as text in which each byte is one character. */
  dump(): Promise<string>;
}

/** Describes what each storage does. `create` returns an empty one. */
export function describeStorage(name: string, create: () => Opened | Promise<Opened>): void {
  describe(name, () => {
    it("returns the outbox in the order in which messages were added, and removes them", async () => {
      const { open } = await create();
      const storage = open();
      expect(await storage.load()).toEqual({ outbox: [], cursors: [] });
      for (const at of [3, 1, 2]) await storage.addOutgoing(outgoing(at));
      expect((await open().load()).outbox).toEqual([3, 1, 2].map((at) => outgoing(at)));
      await storage.removeOutgoing(outgoing(1).client_id);
      await storage.removeOutgoing(outgoing(9).client_id);
      const next = open();
      expect((await next.load()).outbox).toEqual([outgoing(3), outgoing(2)]);
      await next.removeOutgoing(outgoing(3).client_id);
      await next.addOutgoing(outgoing(1));
      expect((await open().load()).outbox).toEqual([outgoing(2), outgoing(1)]);
    });

    it("moves a cursor together with its messages", async () => {
      const { open } = await create();
      const storage = open();
      await storage.moveCursor(CHAT, { from: 0, to: 2 }, [stored(1), stored(2)]);
      await storage.moveCursor(OTHER_CHAT, { from: 0, to: 1 }, [stored(1, OTHER_CHAT)]);
      await storage.moveCursor(CHAT, { from: 2, to: 12 }, [stored(11), stored(12)]);
      const next = open();
      const { cursors } = await next.load();
      expect(new Map(cursors)).toEqual(
        new Map([
          [CHAT, 12],
          [OTHER_CHAT, 1],
        ]),
      );
      expect(await next.messages(CHAT, page)).toEqual([1, 2, 11, 12].map((seq) => stored(seq)));
      expect(await next.messages(OTHER_CHAT, page)).toEqual([stored(1, OTHER_CHAT)]);
      expect(await next.messages(CHAT, { before: 12, limit: 2 })).toEqual([stored(2), stored(11)]);
      expect(await next.messages(99, page)).toEqual([]);
    });

    it("does not move a cursor that another client moved", async () => {
      const { open } = await create();
      const storage = open();
      await storage.moveCursor(CHAT, { from: 4, to: 5 }, [stored(5)]);
      await storage.moveCursor(CHAT, { from: 4, to: 6 }, [stored(6)]);
      expect([...(await storage.load()).cursors]).toEqual([[CHAT, 5]]);
      expect(await storage.messages(CHAT, page)).toEqual([stored(5)]);
    });

    it("removes messages after a cursor that goes back, and stores others in their place", async () => {
      const { open } = await create();
      const storage = open();
      const three = [stored(1), stored(2), stored(3)];
      await storage.moveCursor(CHAT, { from: 0, to: 3 }, three);
      await storage.moveCursor(CHAT, { from: 3, to: 1 }, []);
      expect(await storage.messages(CHAT, page)).toEqual([stored(1)]);
      const other = { ...outgoing(9), seq: 2 };
      await storage.moveCursor(CHAT, { from: 1, to: 2 }, [other]);
      expect(await open().messages(CHAT, page)).toEqual([stored(1), other]);
    });

    it("stores no message without a seq", async () => {
      const { open } = await create();
      const storage = open();
      await storage.moveCursor(CHAT, { from: 0, to: 1 }, [outgoing(1)]);
      expect(await storage.messages(CHAT, page)).toEqual([]);
    });

    it("removes the expired messages of a chat by the time when the server stored them", async () => {
      const { open } = await create();
      const storage = open();
      const { stored_at: _, ...untimed } = stored(4);
      const messages = [
        { ...stored(1), stored_at: 10, timestamp: 99 },
        { ...stored(2), stored_at: 10.5, timestamp: 1 },
        { ...stored(3), stored_at: 11 },
        { ...untimed, timestamp: 9 },
      ];
      await storage.moveCursor(CHAT, { from: 0, to: 4 }, messages);
      await storage.moveCursor(OTHER_CHAT, { from: 0, to: 1 }, [
        { ...stored(1, OTHER_CHAT), stored_at: 1 },
      ]);
      await storage.expire(CHAT, 10.5);
      expect(await open().messages(CHAT, page)).toEqual([messages[2]]);
      await storage.expire(CHAT, Number.POSITIVE_INFINITY);
      expect(await open().messages(CHAT, page)).toEqual([]);
      expect(await open().messages(OTHER_CHAT, page)).toHaveLength(1);
      expect(new Map((await open().load()).cursors).get(CHAT)).toBe(4);
      await storage.expire(99, 1);
    });

    it("loses no message that is stored while others expire", async () => {
      const { open } = await create();
      const storage = open();
      await storage.moveCursor(CHAT, { from: 0, to: 1 }, [{ ...stored(1), stored_at: 1 }]);
      await Promise.all([
        storage.expire(CHAT, 1),
        storage.moveCursor(CHAT, { from: 1, to: 2 }, [stored(2)]),
        storage.expire(CHAT, 1),
      ]);
      expect(await open().messages(CHAT, page)).toEqual([stored(2)]);
    });

    it("rejects a time of expiry that is not in seconds", async () => {
      const { open } = await create();
      for (const until of [Number.NaN, 1_700_000_000_000])
        await expect(open().expire(CHAT, until)).rejects.toBeInstanceOf(ValidationError);
    });

    it("rejects an invalid limit", async () => {
      const { open } = await create();
      for (const limit of [0, Number.NaN])
        await expect(open().messages(CHAT, { before: 9, limit })).rejects.toBeInstanceOf(
          ValidationError,
        );
      expect(await open().messages(CHAT, { before: 9, limit: 1 })).toEqual([]);
    });

    it("clears all data", async () => {
      const { open } = await create();
      const storage = open();
      await storage.addOutgoing(outgoing(1));
      await storage.moveCursor(CHAT, { from: 0, to: 1 }, [stored(1)]);
      await storage.clear();
      expect(await open().load()).toEqual({ outbox: [], cursors: [] });
      expect(await open().messages(CHAT, page)).toEqual([]);
    });

    it("contains no plaintext of a message that was queued, sent or received", async () => {
      const { open, dump } = await create();
      const network = new Network();
      const alice = await start(network, { storage: open() });
      await alice.client.send(CHAT, text(`${CANARY} 1`));
      await alice.wait("sent");
      const bob = await start(network, { user_id: 8 });
      await bob.client.send(CHAT, text(`${CANARY} 2`));
      await alice.wait("message");
      network.isDown = true;
      network.cut();
      await alice.wait("offline");
      const queued = await alice.client.send(CHAT, text(`${CANARY} 3`));
      await Promise.all([alice.client.stop(), bob.client.stop()]);
      const contents = await dump();
      expect(contents).toContain(queued);
      expect(contents).not.toContain("canary");
      expect(contents).not.toContain(globalThis.btoa("canary"));
      const next = await start(network, { storage: open() });
      const texts = [...(await next.client.history(CHAT)), ...(await next.client.queued(CHAT))];
      expect(texts.map(({ content }) => content)).toEqual(
        [1, 2, 3].map((at) => text(`${CANARY} ${at}`)),
      );
      await next.client.stop();
    });

    it("is used by one client at a time", async () => {
      const { open } = await create();
      const network = new Network();
      const first = await start(network, { storage: open() });
      await first.wait("online");
      const second = await start(network, { storage: open() });
      await second.wait("waiting");
      expect(network.open).toBe(1);
      await first.client.stop();
      await second.wait("online");
      await second.client.stop();
      await vi.waitUntil(() => network.open === 0, { timeout: 30_000 });
    });
  });
}
