import { beforeEach, describe, expect, it } from "vitest";
import { ChatKey, decryptMessage, deriveChatKey, generateSalt } from "../../src/e2e/index.js";
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
import { acceptHello } from "../../src/session/index.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { CHAT, Person, Server } from "./cast.js";

const secret = counting(40);
const sessionKeyOf = (number: number) => deriveSessionKey(secret, new Uint8Array(16).fill(number));

let server: Server;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  const chatKey = await ChatKey.from(counting(32));
  server = new Server();
  alice = new Person("alice", 7, sessionKeyOf(1), chatKey);
  bob = new Person("bob", 8, sessionKeyOf(2), chatKey);
  server.connect(alice);
  server.connect(bob);
});

describe("alice and bob", () => {
  it("write to each other, and the server knows not a word of it", async () => {
    await alice.writes("Nos vemos a las ocho");
    server.serve(alice);
    server.delivers(bob, server.stored[0]!);
    expect(await bob.reads()).toEqual(["Nos vemos a las ocho"]);

    await bob.writes("¡Vale!");
    server.serve(bob);
    server.delivers(alice, server.stored[1]!);
    expect(await alice.reads()).toEqual(["¡Vale!"]);

    const held = server.stored
      .map(({ content }) => new TextDecoder("latin1").decode(content))
      .join();
    expect(held).not.toContain("ocho");
    expect([alice.refusals, bob.refusals]).toEqual([[], []]);
  });

  it("have agreed on a passphrase; whoever mistypes it is told before a message is spoilt", async () => {
    const salt = generateSalt();
    const { check } = await deriveChatKey("café con leche", { salt });
    await expect(deriveChatKey("cafe con leche", { salt, check })).rejects.toMatchObject({
      code: "ERR_WRONG_PASSPHRASE",
    });
    const decomposed = "café con leche".normalize("NFD");
    await expect(deriveChatKey(decomposed, { salt, check })).resolves.toBeInstanceOf(ChatKey);
  });
});

describe("mallory on the wire", () => {
  it("records what alice sends, and it opens once: not again, not changed, not elsewhere", async () => {
    await alice.writes("Paga 100 a Benito");
    const [frame] = alice.outgoing.slice(-1);
    server.serve(alice);
    expect(server.stored).toHaveLength(1);

    expect(() => server.opens(alice, frame!)).toThrow(FreshnessError);
    const changed = frame!.with(-40, frame!.at(-40)! ^ 1);
    expect(() => server.opens(alice, changed)).toThrow(VerifyError);
    expect(() => server.opens(bob, frame!)).toThrow(VerifyError);
  });

  it("sends alice her own frame back, as if the server had said it", async () => {
    await alice.writes("hola");
    const [frame] = alice.outgoing.slice(-1);
    alice.hears(frame!);
    expect(alice.refusals).toEqual(["frame"]);
    expect(alice.received).toEqual([]);
  });

  it("plays yesterday's connection to today's", async () => {
    await alice.writes("hola");
    const [frame] = alice.outgoing.splice(0);
    const again = new Person("alice", 7, sessionKeyOf(1), alice.chatKey);
    server.connect(again);
    expect(() => server.opens(again, frame!)).toThrow(VerifyError);
  });

  it("answers alice's hello with a welcome of yesterday", () => {
    const [yesterday, today] = [1, 2].map(() => {
      const person = new Person("alice", 7, sessionKeyOf(1), alice.chatKey);
      person.perform(person.session.handle({ type: "tick" }, NOW));
      person.perform(person.session.handle({ type: "connected" }, NOW));
      return person;
    });
    const [hello] = yesterday!.outgoing;
    const welcome = acceptHello(
      hello,
      sessionKeyOf(1),
      { capabilities: [], limits: {}, heartbeat: 30 },
      NOW,
    )!.frame;
    today!.hears(welcome);
    expect(today!.refusals).toEqual(["welcome"]);
  });

  it("holds a frame back until it is stale", () => {
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

describe("a server that lies", () => {
  beforeEach(async () => {
    for (const text of ["uno", "dos", "tres"]) {
      await alice.writes(text);
      server.serve(alice);
    }
  });

  it("and drops a message is asked for it, and told of the gap where it never gives it", async () => {
    const [first, , third] = server.stored;
    server.delivers(bob, first!);
    server.delivers(bob, third!);
    expect(await bob.reads(), "nothing is handed over out of order").toEqual(["uno"]);
    for (let attempt = 0; attempt < 3; attempt++) {
      bob.outgoing.length = 0;
      server.says(bob, MessageListResponse, {
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

  it("and reorders or repeats is put right", async () => {
    const [first, second, third] = server.stored;
    for (const message of [second, first, first, third, second]) server.delivers(bob, message!);
    server.serve(bob);
    expect(await bob.reads()).toEqual(["uno", "dos", "tres"]);
  });

  it("and moves a message to another chat, sender, time or client id only makes it unreadable", async () => {
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

  it("and swaps the contents of two messages makes both unreadable", async () => {
    const [first, second] = server.stored;
    server.delivers(bob, { ...first!, content: second!.content, nonce: second!.nonce });
    server.delivers(bob, { ...second!, content: first!.content, nonce: first!.nonce });
    expect(await bob.reads()).toEqual(["ERR_DECRYPT", "ERR_DECRYPT"]);
  });

  it("and forges a message writes noise, as it has no key", async () => {
    const forger = new Person(
      "server",
      7,
      sessionKeyOf(9),
      await ChatKey.from(counting(32).reverse()),
    );
    const forged = await forger.writes("Soy alice");
    server.delivers(bob, { ...forged, seq: 1, message_id: 1 });
    expect(await bob.reads()).toEqual(["ERR_DECRYPT"]);
  });

  it("and acknowledges what alice never sent is not believed", () => {
    server.says(alice, Ack, {
      client_id: "018bcfe5-687b-7abc-8def-ffffffffffff",
      chat_id: CHAT,
      message_id: 1,
      seq: 4,
      stored_at: NOW,
    });
    expect(alice.refusals).toEqual(["ack"]);
  });
});

describe("a lost device", () => {
  it("is shut out by its session: its key opens nothing of another's", async () => {
    const phone = new Person("alice's phone", 7, sessionKeyOf(3), alice.chatKey);
    server.connect(phone);
    await phone.writes("desde el móvil");
    const [frame] = phone.outgoing;
    // The server forgets the phone's session. What the thief sends on its key is nobody's.
    expect(() => server.opens(alice, frame!)).toThrow(VerifyError);
    const connectAs = () =>
      acceptHello(frame, sessionKeyOf(1), { capabilities: [], limits: {}, heartbeat: 30 }, NOW);
    expect(connectAs).toThrow(VerifyError);
  });

  it("takes the chat's key with it: what was written stays readable to the thief, which only a new chat ends", async () => {
    await bob.writes("la clave de casa es 1234");
    server.serve(bob);
    const thief = new Person("thief", 7, sessionKeyOf(3), alice.chatKey);
    thief.received.push(server.stored[0]!);
    expect(await thief.reads()).toEqual(["la clave de casa es 1234"]);

    const fresh = await ChatKey.from(crypto.getRandomValues(new Uint8Array(32)));
    const bobAgain = new Person("bob", 8, sessionKeyOf(4), fresh);
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
    "takes over on wire %i while frames of the old one are still under way, and then alone",
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

  it("that leaked is of no use once it has left the ring, whatever id mallory writes", () => {
    const leaked = SigningKey.from("the secret of 2025", { id: "2026" });
    expect(() =>
      MessageProtocol.open(signed(leaked, 2), { key: new Keyring([current]), now: NOW }),
    ).toThrow(VerifyError);
  });
});
