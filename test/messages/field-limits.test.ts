import { describe, expect, it } from "vitest";
import {
  AuthRequest,
  AuthResponse,
  ChatListResponse,
  ChatMessage,
  Hello,
  StatusEvent,
  Welcome,
} from "../../src/index.js";
import { CLIENT_ID, NOW, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { base64, chat } from "./fixture.js";

describe("limits", () => {
  const isValidLogin = (value: unknown) =>
    AuthRequest.safeParse({ username: "ana", password: "secreto", ...(value as object) }).success;
  const isValidMessage = (value: object) => ChatMessage.safeParse({ ...chat, ...value }).success;

  it.each([
    ["abc", true],
    ["ab", false],
    ["x".repeat(50), true],
    ["x".repeat(51), false],
    ["José", true],
    ["日本語", true],
    ["٣٤٥", true],
    ["a_b-c", true],
    ["___", false],
    ["-_-", false],
    ["a b", false],
    ["a.b", false],
    ["a\u0301bc", true],
    ["\u0301abc", false],
    ["a\u200bbc", false],
    ["abc\n", false],
    ["𝒜𝒷𝒸", true],
    ["𝒜𝒷", false],
    ["𝒜".repeat(50), true],
    ["𝒜".repeat(51), false],
  ])("of a username: %j is valid: %s", (username, is) =>
    expect(isValidLogin({ username })).toBe(is),
  );

  it.each([
    ["x".repeat(5), false],
    ["x".repeat(6), true],
    ["x".repeat(1024), true],
    ["x".repeat(1025), false],
    ["🔑".repeat(5), false],
    ["🔑".repeat(6), true],
    ["🔑".repeat(1024), true],
    ["🔑".repeat(1025), false],
    ["secre\ud800to", false],
  ])("of a password: %j is valid: %s", (password, is) =>
    expect(isValidLogin({ password })).toBe(is),
  );

  it("of a device id", () => {
    expect(isValidLogin({ device_id: "x".repeat(100) })).toBe(true);
    expect(isValidLogin({ device_id: "x".repeat(101) })).toBe(false);
  });

  it.each(["chat_id", "sender_id", "message_id", "seq"])("of %s", (field) => {
    expect(isValidMessage({ [field]: 1 })).toBe(true);
    expect(isValidMessage({ [field]: Number.MAX_SAFE_INTEGER })).toBe(true);
    for (const bad of [0, -1, 1.5, 2 ** 53, Number.NaN, "1", true]) {
      expect(isValidMessage({ [field]: bad }), String(bad)).toBe(false);
    }
  });

  it("of content and nonce", () => {
    expect(isValidMessage({ content: new Uint8Array(720_000) })).toBe(true);
    expect(isValidMessage({ content: new Uint8Array(720_001) })).toBe(false);
    expect(isValidMessage({ content: base64(new Uint8Array(720_001)) })).toBe(false);
    for (const length of [0, 11, 13])
      expect(isValidMessage({ nonce: new Uint8Array(length) })).toBe(false);
  });

  it("of a content, which fits a frame on both wires", () => {
    for (const wire of wires) {
      const message = ChatMessage.toProtocol(
        { ...chat, content: new Uint8Array(720_000) },
        undefined,
        { wire },
      );
      expect(ChatMessage.fromProtocol(message).content).toHaveLength(720_000);
    }
  });

  it("of a timestamp", () => {
    for (const good of [0, NOW + 0.5, 100_000_000_000])
      expect(isValidMessage({ timestamp: good })).toBe(true);
    for (const bad of [-1, 100_000_000_001, Number.NaN, Number.POSITIVE_INFINITY, "now"]) {
      expect(isValidMessage({ timestamp: bad })).toBe(false);
    }
  });

  it("of a client id", () => {
    for (const good of [CLIENT_ID, "018bcfe5-687b-7abc-8def-000000000000"])
      expect(isValidMessage({ client_id: good })).toBe(true);
    for (const bad of [CLIENT_ID.toUpperCase(), "00000000-0000-0000-0000-000000000000", "x", ""]) {
      expect(isValidMessage({ client_id: bad })).toBe(false);
    }
  });

  it("of a chat's key parameters", () => {
    const summary = {
      chat_id: 1,
      peer_id: 2,
      peer_name: "benito",
      encryption_type: "none",
      last_seq: 0,
      unread: 0,
    };
    const isValidChat = (value: object) =>
      ChatListResponse.safeParse({ chats: [{ ...summary, ...value }], total: 1, page: 1 }).success;
    expect(isValidChat({ salt: counting(16), iterations: 100_000, key_check: counting(16) })).toBe(
      true,
    );
    expect(isValidChat({ salt: counting(64), iterations: 2_000_000 })).toBe(true);
    for (const bad of [
      { salt: counting(15) },
      { salt: counting(65) },
      { iterations: 1 },
      { iterations: 99_999 },
      { iterations: 10 ** 9 },
      { iterations: 2_000_001 },
      { key_check: counting(15) },
    ]) {
      expect(isValidChat(bad), JSON.stringify(bad)).toBe(false);
    }
  });

  it("of the members of an MLS chat", () => {
    const summary = { chat_id: 1, peer_id: 2, peer_name: "b", encryption_type: "MLS" };
    const isValidChat = (value: object) => {
      const chat = { ...summary, last_seq: 0, unread: 0, ...value };
      return ChatListResponse.safeParse({ chats: [chat], total: 1, page: 1 }).success;
    };
    const member = { user_id: 1, username: "b", role: "invited" };
    for (const good of [
      { suite: 1, epoch: 0, members: [member] },
      { suite: 65_535, epoch: Number.MAX_SAFE_INTEGER, members: new Array(64).fill(member) },
    ]) {
      expect(isValidChat(good), JSON.stringify(good)).toBe(true);
    }
    for (const bad of [
      { suite: 0 },
      { suite: 65_536 },
      { epoch: -1 },
      { members: new Array(65).fill(member) },
      { members: [{ ...member, user_id: 0 }] },
      { members: [{ ...member, username: "x".repeat(51) }] },
      { members: [{ ...member, role: "owner" }] },
    ]) {
      expect(isValidChat(bad), JSON.stringify(bad)).toBe(false);
    }
  });

  it("of a hello", () => {
    const hello = { nonce: counting(16), wires: [1, 2], capabilities: [] };
    expect(Hello.safeParse(hello).success).toBe(true);
    expect(Hello.safeParse({ ...hello, nonce: counting(15) }).success).toBe(false);
    expect(Hello.safeParse({ ...hello, wires: [] }).success).toBe(false);
  });

  it("of a welcome's nonces, and of a session key", () => {
    const welcome = { wire: 2, capabilities: [], limits: {}, heartbeat: 30 };
    for (const length of [15, 16, 17]) {
      const [exact, other] = [counting(16), counting(length)];
      for (const nonces of [
        { nonce: exact, hello_nonce: other },
        { nonce: other, hello_nonce: exact },
      ]) {
        expect(Welcome.safeParse({ ...welcome, ...nonces }).success).toBe(length === 16);
      }
      const answer = { success: true, session_key: counting(2 * length) };
      expect(AuthResponse.safeParse(answer).success).toBe(length === 16);
    }
  });

  it.each([
    ["typing", true],
    ["read", true],
    ["user_online", true],
    ["user_offline", true],
    ["delivered", true],
    ["", false],
    ["Typing", false],
  ])("of an event_type: %j is valid: %s", (event_type, is) => {
    expect(StatusEvent.safeParse({ event_type, user_id: 7 }).success).toBe(is);
  });
});
