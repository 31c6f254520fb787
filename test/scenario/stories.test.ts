import { beforeEach, describe, expect, it } from "vitest";
import { ChatKey, createChatKey, decryptMessage, deriveChatKey } from "../../src/e2e/index.js";
import {
  Ack,
  deriveSessionKey,
  FreshnessError,
  Keyring,
  MessageListResponse,
  MessageProtocol,
  ReplayGuard,
  SigningKey,
  VerifyError,
} from "../../src/index.js";
import { acceptHello } from "../../src/server/index.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { CHAT, Server, TestUser } from "./participants.js";

const secret = counting(40);
const sessionKeyOf = (number: number) => deriveSessionKey(secret, new Uint8Array(16).fill(number));

let server: Server;
let alice: TestUser;
let bob: TestUser;

beforeEach(async () => {
  const chatKey = await ChatKey.from(counting(32));
  server = new Server();
  alice = new TestUser("alice", 7, sessionKeyOf(1), chatKey);
  bob = new TestUser("bob", 8, sessionKeyOf(2), chatKey);
  server.connect(alice);
  server.connect(bob);
});

describe("alice and bob", () => {
  it("exchange messages that the server cannot read", async () => {
    await alice.writes("Nos vemos a las ocho");
    server.serve(alice);
    server.delivers(bob, server.stored[0]!);
    expect(await bob.reads()).toEqual(["Nos vemos a las ocho"]);

    await bob.writes("¡Vale!");
    server.serve(bob);
    server.delivers(alice, server.stored[1]!);
    expect(await alice.reads()).toEqual(["¡Vale!"]);

    const storedText = server.stored
      .map(({ content }) => new TextDecoder("latin1").decode(content))
      .join();
    expect(storedText).not.toContain("ocho");
    expect([alice.rejections, bob.rejections]).toEqual([[], []]);
  });

  it("derive the chat key from a passphrase, and a wrong passphrase is rejected before use", async () => {
    const {
      salt,
      iterations,
      key_check: check,
    } = await createChatKey("café con leche", {
      iterations: 100_000,
    });
    await expect(
      deriveChatKey("cafe con leche", { salt, iterations, check }),
    ).rejects.toMatchObject({
      code: "ERR_WRONG_PASSPHRASE",
    });
    const decomposed = "café con leche".normalize("NFD");
    await expect(deriveChatKey(decomposed, { salt, iterations, check })).resolves.toBeInstanceOf(
      ChatKey,
    );
  });
});

describe("an attacker on the network", () => {
  it("cannot replay a frame, change it, or use it on another connection", async () => {
    await alice.writes("Paga 100 a Benito");
    const [frame] = alice.outgoing.slice(-1);
    server.serve(alice);
    expect(server.stored).toHaveLength(1);

    expect(() => server.opens(alice, frame!)).toThrow(FreshnessError);
    const changed = frame!.with(-40, frame!.at(-40)! ^ 1);
    expect(() => server.opens(alice, changed)).toThrow(VerifyError);
    expect(() => server.opens(bob, frame!)).toThrow(VerifyError);
  });

  it("cannot reflect a frame to its sender", async () => {
    await alice.writes("hola");
    const [frame] = alice.outgoing.slice(-1);
    alice.receives(frame!);
    expect(alice.rejections).toEqual(["frame"]);
    expect(alice.received).toEqual([]);
  });

  it("cannot replay a frame of an earlier connection", async () => {
    await alice.writes("hola");
    const [frame] = alice.outgoing.splice(0);
    const again = new TestUser("alice", 7, sessionKeyOf(1), alice.chatKey);
    server.connect(again);
    expect(() => server.opens(again, frame!)).toThrow(VerifyError);
  });

  it("cannot answer a hello with an earlier welcome", () => {
    const [earlier, current] = [1, 2].map(() => {
      const user = new TestUser("alice", 7, sessionKeyOf(1), alice.chatKey);
      user.perform(user.session.handle({ type: "tick" }, NOW));
      user.perform(user.session.handle({ type: "connected" }, NOW));
      return user;
    });
    const [hello] = earlier!.outgoing;
    const welcome = acceptHello(
      hello,
      sessionKeyOf(1),
      { capabilities: [], limits: {}, heartbeat: 30 },
      NOW,
    ).frame;
    current!.receives(welcome);
    expect(current!.rejections).toEqual(["welcome"]);
  });

  it("cannot deliver a frame after it expires", () => {
    const key = SigningKey.generate();
    const frame = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW })
      .sign(key)
      .toBytes();
    const replay = new ReplayGuard();
    expect(() => MessageProtocol.open(frame, { key, replay, now: NOW + 361 })).toThrow(
      expect.objectContaining({ code: "ERR_EXPIRED" }),
    );
  });
});

describe("a malicious server", () => {
  beforeEach(async () => {
    for (const text of ["uno", "dos", "tres"]) {
      await alice.writes(text);
      server.serve(alice);
    }
  });

  it("causes resumes and then a gap if it drops a message", async () => {
    const [first, , third] = server.stored;
    server.delivers(bob, first!);
    server.delivers(bob, third!);
    expect(await bob.reads(), "nothing is delivered out of order").toEqual(["uno"]);
    for (const delay of [0, 1, 4]) {
      bob.waits(delay);
      bob.outgoing.length = 0;
      server.sends(bob, MessageListResponse, {
        chat_id: CHAT,
        after: 1,
        through: 1,
        messages: [],
        has_more: false,
      });
    }
    expect(bob.notices).toContainEqual(
      expect.objectContaining({ type: "gap", chat_id: CHAT, after: 1 }),
    );
    expect(await bob.reads()).toEqual(["uno", "tres"]);
  });

  it("cannot reorder or repeat messages", async () => {
    const [first, second, third] = server.stored;
    for (const message of [second, first, first, third, second]) server.delivers(bob, message!);
    server.serve(bob);
    expect(await bob.reads()).toEqual(["uno", "dos", "tres"]);
  });

  it("makes a message unreadable if it changes chat, sender, time or client id", async () => {
    const [first] = server.stored;
    const elsewhere = [
      { sender_id: 8 },
      { timestamp: NOW + 1 },
      { client_id: "018bcfe5-687b-7abc-8def-ffffffffffff" },
    ];
    for (const [at, moved] of elsewhere.entries()) {
      const nonce = first!.nonce;
      server.delivers(bob, { ...first!, ...moved, nonce, seq: at + 1, message_id: 1 + at });
    }
    expect((await bob.reads()).filter((text) => text !== "ERR_DECRYPT")).toEqual([]);
    expect(bob.received.length).toBeGreaterThan(0);
    const inOtherChat = decryptMessage(bob.chatKey, { ...first!, chat_id: CHAT + 1 });
    await expect(inOtherChat).rejects.toMatchObject({ code: "ERR_DECRYPT" });
  });

  it("makes two messages unreadable if it swaps their contents", async () => {
    const [first, second] = server.stored;
    server.delivers(bob, { ...first!, content: second!.content, nonce: second!.nonce });
    server.delivers(bob, { ...second!, content: first!.content, nonce: first!.nonce });
    expect(await bob.reads()).toEqual(["ERR_DECRYPT", "ERR_DECRYPT"]);
  });

  it("cannot forge a message without the key", async () => {
    const forger = new TestUser(
      "server",
      7,
      sessionKeyOf(9),
      await ChatKey.from(counting(32).reverse()),
    );
    const forged = await forger.writes("Soy alice");
    server.delivers(bob, { ...forged, seq: 1, message_id: 1 });
    expect(await bob.reads()).toEqual(["ERR_DECRYPT"]);
  });

  it("cannot acknowledge a message that was not sent", () => {
    server.sends(alice, Ack, {
      client_id: "018bcfe5-687b-7abc-8def-ffffffffffff",
      chat_id: CHAT,
      message_id: 1,
      seq: 4,
      stored_at: NOW,
    });
    expect(alice.rejections).toEqual(["ack"]);
  });
});

describe("a lost device", () => {
  it("loses access with its session: its session key opens no frame of another session", async () => {
    const phone = new TestUser("alice's phone", 7, sessionKeyOf(3), alice.chatKey);
    server.connect(phone);
    await phone.writes("desde el móvil");
    const [frame] = phone.outgoing;
    // The server removed the phone's session, so frames signed with its key belong to no session.
    expect(() => server.opens(alice, frame!)).toThrow(VerifyError);
    const connectAs = () =>
      acceptHello(frame, sessionKeyOf(1), { capabilities: [], limits: {}, heartbeat: 30 }, NOW);
    expect(connectAs).toThrow(VerifyError);
  });

  it("contains the chat key: earlier messages stay readable, and messages under a new key do not become readable", async () => {
    await bob.writes("la clave de casa es 1234");
    server.serve(bob);
    const thief = new TestUser("thief", 7, sessionKeyOf(3), alice.chatKey);
    thief.received.push(server.stored[0]!);
    expect(await thief.reads()).toEqual(["la clave de casa es 1234"]);

    const fresh = await ChatKey.from(crypto.getRandomValues(new Uint8Array(32)));
    const bobAgain = new TestUser("bob", 8, sessionKeyOf(4), fresh);
    thief.received.push(await bobAgain.writes("hemos cambiado la cerradura"));
    expect(await thief.reads()).toEqual(["la clave de casa es 1234", "ERR_DECRYPT"]);
  });
});

describe("a rotated key", () => {
  const old = SigningKey.from("the secret of 2025", { id: "2025" });
  const current = SigningKey.from("the secret of 2026", { id: "2026" });
  const signed = (key: SigningKey, wire: 1 | 2) =>
    new MessageProtocol({ type: "t", payload: {}, timestamp: NOW, wire }).sign(key).toBytes();

  it.each([1, 2] as const)(
    "verifies frames on wire %i together with the old key, until that one is removed from the ring",
    (wire) => {
      const during = new Keyring([current, old]);
      expect(MessageProtocol.open(signed(old, wire), { key: during, now: NOW }).key).toBe(old);
      expect(MessageProtocol.open(signed(current, wire), { key: during, now: NOW }).key).toBe(
        current,
      );
      const after = new Keyring([current]);
      expect(() => MessageProtocol.open(signed(old, wire), { key: after, now: NOW })).toThrow(
        VerifyError,
      );
    },
  );

  it("verifies no frame after it is removed from the ring, with any key id", () => {
    const leaked = SigningKey.from("the secret of 2025", { id: "2026" });
    expect(() =>
      MessageProtocol.open(signed(leaked, 2), { key: new Keyring([current]), now: NOW }),
    ).toThrow(VerifyError);
  });
});
