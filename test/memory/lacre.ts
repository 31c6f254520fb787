import * as z from "zod/mini";
import {
  ChatMessage,
  createRegistry,
  defineContent,
  defineMessage,
  deriveSessionKey,
  ErrorResponse,
  Keyring,
  MessageProtocol,
  ReplayGuard,
  SigningKey,
  ValidationError,
  type VerifiedMessage,
} from "../../src/index.js";
import { counting } from "../support/hex.js";
import { type Bytes, type Case, NOW, SECRET, unchanged } from "./case.js";

const key = SigningKey.from(SECRET, { id: "k1" });
const id = "018bcfe5-6800-7abc-8def-0123456789ab";
const fields = { type: "t", payload: { a: counting(3) }, timestamp: NOW, wire: 2, id } as const;
const message = () => new MessageProtocol(fields);
const frame = message().sign(key).toBytes();
const chatMessage = (bytes: Bytes) => ({
  chat_id: 42,
  sender_id: 7,
  content: bytes(counting(40)),
  nonce: bytes(counting(12)),
  timestamp: NOW,
});
const chatFrame = ChatMessage.toProtocol(chatMessage(unchanged), key, {
  wire: 2,
  timestamp: NOW,
});
const received = () => MessageProtocol.open(chatFrame.toBytes(), { key, now: NOW });
const Raw = z.object({ bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array) });

/** Returns all properties of a message. */
function seen(of: MessageProtocol): unknown {
  const { type, timestamp, wire, payload, signature, keyId, id: uuid } = of;
  const { identity } = of as Partial<VerifiedMessage>;
  const bytes = signature === "" ? undefined : of.toBytes();
  return {
    type,
    timestamp,
    wire,
    payload,
    signature,
    keyId,
    uuid,
    identity,
    bytes,
    ok: of.verify(key),
  };
}
const signs = (by: SigningKey) => new MessageProtocol(fields).sign(by).toBytes();

export const cases: readonly Case[] = [
  {
    names: ["SigningKey.from"],
    args: (bytes) => [bytes(SECRET), { id: "k1" }],
    call: (...args: Parameters<typeof SigningKey.from>) => SigningKey.from(...args),
    later: signs,
  },
  {
    names: ["SigningKey.derive"],
    args: (bytes) => [bytes(SECRET), "client", { id: "k1", salt: bytes(counting(16)) }],
    call: (...args: Parameters<typeof SigningKey.derive>) => SigningKey.derive(...args),
    later: signs,
  },
  {
    names: ["SigningKey.generate"],
    args: () => [{ id: "k1" }],
    call: (...args: Parameters<typeof SigningKey.generate>) => SigningKey.generate(...args),
    later: (made: SigningKey) => made.id,
  },
  {
    names: ["Keyring"],
    args: () => [[key]],
    call: (keys: SigningKey[]) => new Keyring(keys),
    later: (ring: Keyring) => [ring.keys.length, MessageProtocol.fromBytes(frame).verify(ring)],
  },
  {
    names: [
      "MessageProtocol",
      "MessageProtocol#sign",
      "MessageProtocol#toBytes",
      "MessageProtocol#payload",
    ],
    args: (bytes) => [
      { ...fields, payload: { a: bytes(counting(3)), b: [{ c: bytes(counting(4)) }] } },
    ],
    call: (given: typeof fields) => new MessageProtocol(given),
    later: (made: MessageProtocol) => [seen(made), seen(made.sign(key))],
  },
  {
    names: ["MessageProtocol#toBytes"],
    args: () => [{ unsigned: true }],
    call: (options: object) =>
      new MessageProtocol({ ...fields, wire: 1, id: undefined as never }).toBytes(options),
  },
  {
    names: [
      "MessageProtocol.fromBytes",
      "MessageProtocol#signature",
      "MessageProtocol#keyId",
      "MessageProtocol#id",
    ],
    args: (bytes) => [bytes(frame), { now: NOW, maxFrameBytes: 1000 }],
    call: (...args: Parameters<typeof MessageProtocol.fromBytes>) =>
      MessageProtocol.fromBytes(...args),
    later: seen,
  },
  {
    names: ["MessageProtocol.open", "VerifiedMessage#identity", "MessageProtocol#verify"],
    args: (bytes) => [bytes(frame), { key, now: NOW, maxAge: 10, clockTolerance: 1 }],
    call: (...args: Parameters<typeof MessageProtocol.open>) => MessageProtocol.open(...args),
    later: seen,
  },
  {
    names: ["ReplayGuard", "ReplayGuard#add", "ReplayGuard#size"],
    args: (bytes) => [{ capacity: 1 }, bytes(counting(32))],
    call(options: { capacity: number }, identity: Uint8Array) {
      const guard = new ReplayGuard(options);
      guard.add(identity, NOW + 9, NOW);
      return guard;
    },
    later: (guard: ReplayGuard) => [guard.add(counting(32), NOW + 9, NOW), guard.size],
  },
  {
    names: ["deriveSessionKey"],
    args: (bytes) => [bytes(SECRET), bytes(counting(16))],
    call: deriveSessionKey,
  },
  {
    names: ["defineMessage", "MessageDefinition#toProtocol"],
    args: () => ["t", z.object({ a: z.optional(z.number()) }), { nil: ["a"], aliases: ["u"] }],
    call: (...args: [string, typeof Raw, object]) => defineMessage(...args),
    later: (made: ReturnType<typeof defineMessage>) => [
      made.aliases,
      made.toProtocol({}, key, { timestamp: NOW }).toBytes(),
      made.fromProtocol(new MessageProtocol({ type: "u", payload: {} })),
    ],
  },
  {
    names: ["MessageDefinition#parse"],
    args: (bytes) => [chatMessage(bytes)],
    call: (value: unknown) => ChatMessage.parse(value),
  },
  {
    // A map of any values, which the schema does not copy.
    names: ["MessageDefinition#parse"],
    args: (bytes) => [
      { error_code: "E", error_message: "", details: { a: [bytes(counting(3))] }, timestamp: NOW },
    ],
    call: (value: unknown) => ErrorResponse.parse(value),
  },
  {
    names: ["MessageDefinition#safeParse"],
    args: (bytes) => [chatMessage(bytes)],
    call(value: unknown) {
      const result = ChatMessage.safeParse(value);
      if (!result.success) throw result.error;
      return result.value;
    },
  },
  {
    names: ["MessageDefinition#toProtocol"],
    args: (bytes) => [chatMessage(bytes), key, { wire: 1, timestamp: NOW }],
    call: (...args: Parameters<typeof ChatMessage.toProtocol>) => ChatMessage.toProtocol(...args),
    later: seen,
  },
  {
    names: ["MessageDefinition#fromProtocol"],
    args: () => [],
    call: received,
    later: (of: VerifiedMessage) => [ChatMessage.fromProtocol(of), seen(of)],
  },
  {
    // A schema of the caller that returns the same bytes object.
    names: ["MessageDefinition#fromProtocol"],
    args: (bytes) => [{ bytes: bytes(counting(9)) }],
    call: (value: { bytes: Uint8Array }) =>
      defineMessage("raw", Raw).toProtocol(value, key, { wire: 2, timestamp: NOW }),
    later: (of: MessageProtocol) =>
      [defineMessage("raw", Raw).fromProtocol(of), seen(of)].map(String),
  },
  {
    names: ["defineContent"],
    args: () => ["t", z.object({ a: z.number() }), { fallback: "x" }],
    call: (...args: [string, z.ZodMiniObject, { fallback: string }]) => defineContent(...args),
    later: (of: ReturnType<typeof defineContent>) => [of.kind, of.encode({ a: 1 }, NOW)],
  },
  {
    names: ["createRegistry", "Registry#parse", "Registry#safeParse"],
    args: () => [[ChatMessage]],
    call: (definitions: (typeof ChatMessage)[]) => createRegistry(definitions),
    later: (registry: ReturnType<typeof createRegistry<typeof ChatMessage>>) => {
      const result = registry.safeParse(received());
      return [registry.parse(received()), result].map((one) => ({ ...one, message: undefined }));
    },
  },
  {
    names: ["ValidationError"],
    args: () => ["subject", [{ path: ["a"], message: "is wrong" }]],
    call: (...args: ConstructorParameters<typeof ValidationError>) => new ValidationError(...args),
    later: ({ message: text, issues }: ValidationError) => [text, JSON.stringify(issues)],
  },
];

/** Functions that take only strings and numbers, and those that change their argument by contract. */
export const without: readonly string[] = [
  ...["DecodeError", "DecryptError", "FreshnessError", "KeyError", "LacreError", "VerifyError"],
  ...["isSameUsername", "preparePassword", "prepareUsername", "usernameKey"],
  ...["bytes", "id", "timestamp", "uuid"],
  // An override for zod: it changes the schema that zod passes.
  "jsonSchemaOverride",
  // Takes a number, and changes the clock of the key.
  "SigningKey#nextTimestamp",
];
