import { describe, expect, it } from "vitest";
import {
  ChatMessage,
  KeyError,
  Keyring,
  LacreError,
  MessageProtocol,
  SigningKey,
  type VerifiedMessage,
} from "../../src/index.js";
import { Channel } from "../../src/server/index.js";
import { MisleadingBytes } from "../support/byte-arrays.js";
import { everyMessage, NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";

// Misuse of the library's classes by untyped code that runs beside it.

type Constructor = new (...args: unknown[]) => object;

const key = SigningKey.from("a secret that both ends share", { id: "k1" });
const unsigned = { type: "t", payload: { a: 1 }, timestamp: NOW };
const signed = new MessageProtocol(unsigned).sign(key);
const opened = MessageProtocol.open(signed.toBytes(), { key, now: NOW });
const constructorOf = (value: object) => value.constructor as Constructor;

/** A frame from the caller that records all functions that it receives. */
function spyingFrame() {
  const given: unknown[] = [];
  const keep = (argument: unknown) => void given.push(argument);
  const frame = { ...unsigned, wire: 1, keyId: "", isSigned: true };
  return { given, frame: { ...frame, matchingTag: keep, signedBy: keep } };
}

describe("MessageProtocol", () => {
  it("is a VerifiedMessage only if `open` created it", () => {
    const Verified = constructorOf(opened);
    const { frame } = spyingFrame();
    class Fake extends Verified {}
    function Borrowed() {}
    Borrowed.prototype = Verified.prototype;
    const attempts = [
      () => new Verified(unsigned),
      () => new Verified(frame, NOW, key, counting(32)),
      () => new Verified(signed, key, counting(32)),
      () => new Fake(unsigned),
      () => Reflect.construct(MessageProtocol, [unsigned], Verified),
      () => Reflect.construct(MessageProtocol, [unsigned], Borrowed),
      () => Object.setPrototypeOf(new MessageProtocol(unsigned), Verified.prototype) as object,
    ];
    for (const [at, attempt] of attempts.entries()) {
      expect(attempt, String(at)).toThrow(at === 6 ? TypeError : KeyError);
    }
  });

  it("does not use a caller's object as a frame", () => {
    const { frame, given } = spyingFrame();
    for (const attempt of [
      () => Reflect.construct(MessageProtocol, [frame, NOW]) as MessageProtocol,
      () =>
        Object.create(MessageProtocol.prototype, { frame: { value: frame } }) as MessageProtocol,
    ]) {
      try {
        const message = attempt();
        message.verify(key);
        message.sign(key);
      } catch {
        // The object may be rejected, or read as fields of a message, but it must not receive a key.
      }
    }
    expect(given).toEqual([]);
  });

  it.each([
    ["new", new MessageProtocol(unsigned)],
    ["received", MessageProtocol.fromBytes(signed.toBytes())],
    ["opened", opened],
  ])("is immutable: %s", (_, message) => {
    const before = message.verify(key);
    for (const field of ["type", "timestamp", "wire", "key", "payload", "identity", "other"]) {
      expect(Reflect.set(message, field, "x"), field).toBe(false);
      expect(Reflect.defineProperty(message, field, { value: "x" }), field).toBe(false);
    }
    expect(message).toMatchObject({ type: "t", timestamp: NOW, wire: 1, payload: { a: 1 } });
    expect(message.verify(key)).toBe(before);
  });

  it("returns new byte arrays at each read", () => {
    const payload = { a: counting(3), b: [{ c: counting(4) }] };
    const fields = { type: "t", payload, timestamp: NOW, wire: 2 } as const;
    const frame = new MessageProtocol(fields).sign(key).toBytes();
    for (const message of [
      new MessageProtocol(fields),
      MessageProtocol.fromBytes(frame),
      MessageProtocol.open(frame, { key, now: NOW }),
    ]) {
      const { a, b } = message.payload as unknown as typeof payload;
      a.fill(9);
      b[0]!.c.fill(9);
      expect(message.payload).toEqual(payload);
    }
  });

  it("decodes a payload without bytes once", () => {
    const frame = new MessageProtocol({ ...unsigned, wire: 2 }).sign(key).toBytes();
    const message = MessageProtocol.open(frame, { key, now: NOW });
    expect(message.payload).toBe(message.payload);
  });

  it("keeps its identity when a replay store changes its copy", () => {
    const frame = signed.toBytes();
    let identity = new Uint8Array();
    const replay = {
      add(given: Uint8Array) {
        identity = given.slice();
        return given.fill(0).length === 32;
      },
    };
    expect(MessageProtocol.open(frame, { key, now: NOW, replay }).identity).toEqual(identity);
  });

  it("reads the caller's timestamp once", () => {
    let reads = 0;
    const fields = {
      ...unsigned,
      get timestamp() {
        reads += 1;
        return reads === 1 ? NOW : (undefined as never);
      },
    };
    const message = new MessageProtocol(fields);
    expect([message.sign(key).timestamp, message.sign(key).timestamp]).toEqual([NOW, NOW]);
  });
});

describe("SigningKey", () => {
  const forged = [
    Object.create(Keyring.prototype),
    Object.create(SigningKey.prototype),
    new Proxy(key, {}),
    new Proxy(new Keyring([key]), {}),
    { keys: [key] },
    { id: "k1" },
    null,
    "a secret that both ends share",
  ] as SigningKey[];

  it.each(forged.map((value, at) => [at, value]))(
    "is not accepted from a forged object: %i",
    (_, forgery) => {
      expect(signed.verify(forgery as SigningKey)).toBe(false);
      const open = () =>
        MessageProtocol.open(signed.toBytes(), { key: forgery as SigningKey, now: NOW });
      expect(open).toThrow(KeyError);
      expect(() => signed.sign(forgery as SigningKey)).toThrow(KeyError);
      const keys = { own: key, peers: key };
      for (const side of ["own", "peers"]) {
        expect(() => new Channel({ wire: 1, ...keys, [side]: forgery })).toThrow(KeyError);
      }
    },
  );

  it("checks the arguments of its constructor like `from`", () => {
    const Key = constructorOf(key);
    for (const secret of ["", new Uint8Array(32), 7, undefined, "\ud800"]) {
      expect(() => new Key(secret)).toThrow(KeyError);
    }
  });

  it.each([[undefined], [null], [7], [{}], [[undefined]], [[{}]]])(
    "is required in a keyring: %o",
    (keys) => {
      expect(() => new Keyring(keys as never)).toThrow(KeyError);
    },
  );

  it("has no method that returns its HMAC", () => {
    const statics = Object.getOwnPropertyNames(SigningKey);
    expect(statics.sort()).toEqual(["derive", "from", "generate", "length", "name", "prototype"]);
  });
});

describe("Channel", () => {
  const channel = new Channel({ wire: 1, own: key, peers: SigningKey.generate() });

  it("does not pass its key to a definition", () => {
    const given: unknown[] = [];
    const spy = {
      type: "t",
      toProtocol(...args: unknown[]) {
        given.push(...args);
        return {
          sign: (...keys: unknown[]) => given.push(...keys),
          toBytes: () => new Uint8Array(),
        };
      },
    };
    expect(() => channel.encode(spy as never, {}, NOW)).toThrow(LacreError);
    class Derived extends constructorOf(ChatMessage) {}
    Object.assign(Derived.prototype, { toProtocol: spy.toProtocol });
    const derived = Reflect.construct(
      constructorOf(ChatMessage),
      ["t", ChatMessage.schema, {}],
      Derived,
    );
    expect(() => channel.encode(derived as never, {}, NOW)).toThrow(LacreError);
    expect(given.filter((value) => value instanceof SigningKey)).toEqual([]);
  });

  it.each([undefined, null, 5, {}])("does not sign a definition's result of %o", (made) => {
    const fake = { type: "t", toProtocol: () => made };
    expect(() => channel.encode(fake as never, {}, NOW)).toThrow(KeyError);
  });

  it("signs the message of a definition", () => {
    const frame = channel.encode(ChatMessage, everyMessage.message!.value as never, NOW);
    const message: VerifiedMessage = MessageProtocol.open(frame, { key, now: NOW });
    expect(ChatMessage.fromProtocol(message)).toEqual(everyMessage.message!.value);
  });
});

it("a MessageDefinition is immutable", () => {
  for (const field of ["type", "schema", "aliases", "parse", "toProtocol"]) {
    expect(Reflect.set(ChatMessage, field, "x"), field).toBe(false);
  }
  expect(() => (ChatMessage.aliases as string[]).push("x")).toThrow(TypeError);
});

describe("a frame from the caller", () => {
  const frame = signed.toBytes();

  it("has the length of its memory, even if a subclass overrides it", () => {
    const misleading = MisleadingBytes.holding(...frame);
    expect(MessageProtocol.open(misleading, { key, now: NOW }).toBytes()).toEqual(frame);
    expect(() =>
      MessageProtocol.fromBytes(misleading, { maxFrameBytes: frame.length - 1 }),
    ).toThrow(expect.objectContaining({ code: "ERR_BOUND_EXCEEDED" }));
  });

  it("must be a real ArrayBuffer", () => {
    const forged = { [Symbol.toStringTag]: "ArrayBuffer", byteLength: 1, length: 1000, 0: 0x84 };
    expect(() => MessageProtocol.fromBytes(forged as never)).toThrow(
      "a frame must be a Uint8Array or an ArrayBuffer",
    );
  });
});
