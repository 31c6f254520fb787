import e2e from "lacre/vectors/e2e.json" with { type: "json" };
import http from "lacre/vectors/http.json" with { type: "json" };
import keyVectors from "lacre/vectors/keys.json" with { type: "json" };
import messageVectors from "lacre/vectors/messages.json" with { type: "json" };
import sessionVectors from "lacre/vectors/session.json" with { type: "json" };
import wire1 from "lacre/vectors/wire1.json" with { type: "json" };
import wire2 from "lacre/vectors/wire2.json" with { type: "json" };
import { describe, expect, it, vi } from "vitest";
import { aesGcm } from "#native";
import { inflate } from "../../src/crypto/inflate.js";
import { encodeContent, kindsOf } from "../../src/e2e/content.js";
import { deriveUnchecked } from "../../src/e2e/derive-chat-key.js";
import { ChatKey, decrypt, decryptMessage, deriveChatKey } from "../../src/e2e/index.js";
import { paddedLength, unpad } from "../../src/e2e/padding.js";
import { macOf } from "../../src/envelope/signing-key.js";
import * as lacre from "../../src/index.js";
import {
  type ChatMessage,
  type ContentOf,
  createRegistry,
  deriveSessionKey,
  LacreError,
  type MessageDefinition,
  MessageProtocol,
  type PayloadSchema,
  SigningKey,
} from "../../src/index.js";
import { acceptHello, directionKeys, messageDigest } from "../../src/server/index.js";
import { startHandshake } from "../../src/session/handshake.js";
import { httpKeys, openHttpAnswer } from "../../src/session/index.js";
import {
  type EncryptedBytes,
  type InvalidVector,
  type Reception,
  type ValidMessage,
  vectorBytes,
  vectorValue,
} from "../../src/testing/index.js";
import { counting, hex, toHex } from "../support/hex.js";
import { Image } from "../support/image.js";

type AnyDefinition = MessageDefinition<string, PayloadSchema>;

const definitions = [
  ...[lacre.Ack, lacre.AuthRequest, lacre.AuthResponse, lacre.ChatListResponse, lacre.ChatMessage],
  ...[
    lacre.DevicesEvent,
    lacre.ErrorResponse,
    lacre.Heartbeat,
    lacre.Hello,
    lacre.MessageListResponse,
  ],
  ...[lacre.Resume, lacre.StatusEvent, lacre.Welcome],
] as unknown as AnyDefinition[];
const definitionOf = (type: string) => definitions.find((one) => one.type === type)!;

const secretOf = (secret: unknown) => vectorValue(secret as string) as string | Uint8Array;
const keyOf = ({ secret, key_id }: Reception) => SigningKey.from(secretOf(secret), { id: key_id });
const tagOf = (key: SigningKey) => toHex(macOf(key)(counting(4)));

function opened(reception: Reception) {
  const { frame, now } = reception;
  return MessageProtocol.open(vectorBytes(frame), { key: keyOf(reception), now });
}

async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return "accepted";
  } catch (error) {
    if (!(error instanceof LacreError)) throw error;
    return { class: error.name, code: error.code };
  }
}

/** Checks that each vector is rejected with its error. */
async function areRejected<Invalid extends InvalidVector>(
  invalid: readonly Invalid[],
  take: (vector: Invalid) => unknown,
): Promise<void> {
  for (const vector of invalid) {
    expect(await errorOf(() => take(vector)), vector.name).toEqual(vector.error);
  }
}

describe.each(Object.entries({ wire1, wire2 }))("the vectors of %s", (_, { valid, invalid }) => {
  it("open", () => {
    for (const vector of valid) {
      const message = opened(vector);
      const { type, timestamp } = vector;
      expect(message, vector.name).toMatchObject({ type, timestamp });
      expect(message.payload, vector.name).toEqual(vectorValue(vector.payload));
    }
  });

  it("are rejected", () => areRejected(invalid, opened));
});

describe("the vectors of messages", () => {
  const { valid, tolerated, invalid } = messageVectors;

  it("are of every type, on both wires", () => {
    for (const { type } of definitions) {
      for (const wire of [1, 2]) {
        const some = valid.filter((one) => one.type === type && one.wire === wire);
        expect(some.length, type).toBeGreaterThanOrEqual(3);
      }
      expect(invalid.some((one) => one.type === type)).toBe(true);
    }
  });

  it("contain their values", () => {
    for (const vector of [...valid, ...tolerated]) {
      const value = definitionOf(vector.type).fromProtocol(opened(vector));
      expect(value, vector.name).toEqual(vectorValue(vector.value));
    }
  });

  const encoded = (vector: ValidMessage) => {
    const { type, wire, timestamp, id } = vector;
    const value = vectorValue(vector.value) as object;
    const made = definitionOf(type).toProtocol(value, keyOf(vector), { wire, timestamp });
    const { payload } = made;
    const again =
      id === null
        ? made
        : new MessageProtocol({ type, payload, wire, timestamp, id }).sign(keyOf(vector));
    return toHex(again.toBytes());
  };

  it("are the encodings of their values, unless they are only tolerated", () => {
    for (const vector of valid)
      expect(encoded(vector), vector.name).toBe(toHex(vectorBytes(vector.frame)));
    for (const vector of tolerated)
      expect(encoded(vector), vector.name).not.toBe(toHex(vectorBytes(vector.frame)));
  });

  it("open, but do not match the schema at the named path", async () => {
    const registry = createRegistry(definitions);
    for (const vector of invalid) {
      const result = registry.safeParse(opened(vector));
      const { error } = result as unknown as { error: lacre.ValidationError };
      expect({ class: error?.name, code: error?.code }, vector.name).toEqual(vector.error);
      const paths = error.issues.map(({ path }) => path.join("."));
      expect(
        paths.some((path) => vector.path.join(".").startsWith(path)),
        `${vector.name}: ${paths}`,
      ).toBe(true);
    }
  });
});

describe("the vectors of keys", () => {
  const { valid, invalid, sessions } = keyVectors;
  const keyFrom = ({
    secret,
    label,
    salt,
  }: {
    secret: unknown;
    label: string | null;
    salt?: string | null;
  }) =>
    label === null
      ? SigningKey.from(secretOf(secret))
      : SigningKey.derive(secretOf(secret), label, salt ? { salt: hex(salt) } : {});

  it("compute their tags", () => {
    for (const vector of valid) expect(tagOf(keyFrom(vector)), vector.name).toBe(vector.tag);
  });

  it("are rejected", () => areRejected(invalid, keyFrom));

  it("derive session keys", () => {
    for (const { name, server_secret, session_id, session_key } of sessions) {
      const derived = deriveSessionKey(hex(server_secret), hex(session_id));
      expect(toHex(derived), name).toBe(session_key);
    }
  });
});

describe("the vectors of the end-to-end layer", () => {
  const { keys, padding, valid, invalid, image } = e2e;

  it("derive keys and their checks", async () => {
    for (const { name, passphrase, salt, iterations, key, key_check } of keys.valid) {
      const derived = await deriveUnchecked(passphrase, {
        salt: hex(salt),
        iterations,
        extractable: true,
      });
      expect(toHex(derived.export()), name).toBe(key);
      expect(toHex(derived.check), name).toBe(key_check);
    }
  });

  it("reject invalid parameters", () =>
    areRejected(keys.invalid, ({ passphrase, salt, iterations, key_check }) =>
      key_check === null
        ? deriveUnchecked(vectorValue(passphrase) as string, { salt: hex(salt), iterations })
        : deriveChatKey(vectorValue(passphrase) as string, {
            ...{ salt: hex(salt), iterations },
            check: hex(key_check),
          }),
    ));

  it("define padded lengths", () => {
    for (const { name, length, padded } of padding) expect(paddedLength(length), name).toBe(padded);
  });

  it.each([
    ["of the protocol's kinds", valid, {}],
    ["of an application's kind", image.valid, { contents: [Image] }],
  ])("decrypt, step by step, %s", async (_, vectors, options) => {
    for (const vector of vectors) {
      const message = vectorValue(vector.message) as ChatMessage;
      const key = await ChatKey.from(hex(vector.key));
      const content = await decryptMessage(key, message, options);
      expect(content, vector.name).toEqual(vectorValue(vector.content));
      expect(toHex(messageDigest(message)), vector.name).toBe(vector.body_digest);

      const aead = await aesGcm(hex(vector.key));
      const plaintext = await aead.decrypt(message.nonce, message.content, hex(vector.aad));
      expect(toHex(plaintext), vector.name).toBe(toHex(vectorBytes(vector.plaintext)));
      const { body, isCompressed } = unpad(plaintext)!;
      expect(isCompressed, vector.name).toBe(vector.is_deflated);
      const whole = isCompressed ? inflate(body, 1_048_576)! : body;
      expect(toHex(whole), vector.name).toBe(toHex(vectorBytes(vector.body)));
    }
  });

  it.each([
    ["of the protocol's kinds", invalid, {}],
    ["of an application's kind", image.invalid, { contents: [Image] }],
  ])("do not decrypt, %s", (_, vectors, options) =>
    areRejected(vectors, async ({ key, message }) =>
      decryptMessage(await ChatKey.from(hex(key)), vectorValue(message) as ChatMessage, options),
    ),
  );

  const bytesOf = async ({ key, aad, nonce, content }: EncryptedBytes) =>
    decrypt(
      await ChatKey.from(hex(key)),
      { nonce: hex(nonce), content: hex(content) },
      {
        aad: hex(aad),
      },
    );

  it("decrypt other bytes", async () => {
    for (const vector of e2e.bytes.valid)
      expect(toHex(await bytesOf(vector)), vector.name).toBe(vector.bytes);
    await areRejected(e2e.bytes.invalid, bytesOf);
  });

  it.runIf(crypto.subtle !== undefined)("load stored checks", async () => {
    const checkOf = async ({ key, encrypted_check }: { key: string; encrypted_check: string }) => {
      const usages = ["encrypt", "decrypt"] as const;
      const material = hex(key) as BufferSource;
      const handle = await crypto.subtle.importKey("raw", material, "AES-GCM", false, usages);
      return (await ChatKey.from(handle, { encryptedCheck: hex(encrypted_check) })).check;
    };
    for (const vector of e2e.kept_checks.valid)
      expect(toHex(await checkOf(vector)), vector.name).toBe(vector.key_check);
    await areRejected(e2e.kept_checks.invalid, checkOf);
  });

  it("have the encoded content as their body", () => {
    const text = valid.find(({ name }) => name === "a text")!;
    const content = vectorValue(text.content) as Parameters<typeof encodeContent>[0];
    expect(toHex(encodeContent(content))).toBe(text.body);
    for (const name of ["an image", "an image without optional fields"]) {
      const own = image.valid.find((vector) => vector.name === name)!;
      const value = vectorValue(own.content) as ContentOf<typeof Image>;
      expect(toHex(encodeContent(value, kindsOf([Image])))).toBe(own.body);
    }
  });
});

describe("the vectors of sessions", () => {
  const { valid, invalid } = sessionVectors;
  const NOW = 1_700_000_000;
  const offer = { capabilities: [], limits: {}, heartbeat: 30 };

  it("agree on a wire and on the connection's keys", () => {
    for (const { name, session_key, hello, welcome, wire, tags } of valid) {
      const key = hex(session_key);
      const { client, server } = directionKeys(key);
      const anyTime = {
        now: NOW,
        maxAge: Number.POSITIVE_INFINITY,
        clockTolerance: Number.POSITIVE_INFINITY,
      };
      const parsedHello = lacre.Hello.fromProtocol(
        MessageProtocol.open(hex(hello), { key: client, ...anyTime }),
      );
      const parsedWelcome = lacre.Welcome.fromProtocol(
        MessageProtocol.open(hex(welcome), { key: server, ...anyTime }),
      );
      expect(acceptHello(hex(hello), key, offer, NOW).channel.wire, name).toBe(wire);
      expect(parsedWelcome.wire, name).toBe(wire);
      const keys = directionKeys(key, { hello: parsedHello.nonce, welcome: parsedWelcome.nonce });
      expect({ client: tagOf(keys.client), server: tagOf(keys.server) }, name).toEqual(tags);
    }
  });

  it("are rejected by a server", () =>
    areRejected(
      invalid.filter(({ side }) => side === "server"),
      ({ session_key, hello }) => acceptHello(hex(hello), hex(session_key), offer, NOW),
    ));

  it("are rejected by a client", () =>
    areRejected(
      invalid.filter(({ side }) => side === "client"),
      ({ session_key, hello, welcome }) => {
        const { client } = directionKeys(hex(session_key));
        const { nonce } = lacre.Hello.fromProtocol(MessageProtocol.fromBytes(hex(hello)));
        expect(MessageProtocol.fromBytes(hex(hello)).verify(client)).toBe(true);
        // Replaces the random nonce, so that the client sends the hello of the vector.
        const random = vi.spyOn(globalThis.crypto, "getRandomValues");
        random.mockImplementation((array) => {
          (array as unknown as Uint8Array).set(nonce);
          return array;
        });
        const handshake = startHandshake(
          hex(session_key),
          { wires: [2, 1], capabilities: [] },
          NOW,
        );
        random.mockRestore();
        handshake.agree(hex(welcome!), NOW);
      },
    ));
});

describe("the vectors of HTTP", () => {
  const { valid, invalid } = http;
  const now = 1_700_000_000;
  const keys = ({ session_key }: { session_key: string }) => httpKeys(hex(session_key));

  it("open for the requests that they name", () => {
    for (const vector of valid) {
      const { client, server: key } = keys(vector);
      if (vector.request !== null) {
        const request = MessageProtocol.open(hex(vector.request), { key: client, now });
        expect(toHex(request.identity), vector.name).toBe(vector.tag);
      }
      const answer = openHttpAnswer(hex(vector.answer), { key, request: hex(vector.tag), now });
      expect([answer.wire, answer.type], vector.name).toEqual([vector.wire, vector.type]);
    }
  });

  it("are rejected by a server", () =>
    areRejected(
      invalid.filter(({ side }) => side === "server"),
      (vector) => MessageProtocol.open(hex(vector.frame), { key: keys(vector).client, now }),
    ));

  it("are rejected by a client", () =>
    areRejected(
      invalid.filter(({ side }) => side === "client"),
      (vector) => {
        const options = { key: keys(vector).server, request: hex(vector.tag), now };
        return openHttpAnswer(hex(vector.frame), options);
      },
    ));
});
