import { describe, expect, it } from "vitest";
import { chatMessageAad } from "../../src/messages/chat-message-aad.js";
import { CLIENT_ID, NOW } from "../support/examples.js";
import { toHex } from "../support/hex.js";

const header = { chat_id: 42, sender_id: 7, timestamp: NOW + 0.123, client_id: CLIENT_ID };
const aadOf = (fields: object) => {
  const aad = chatMessageAad({ ...header, ...fields });
  return aad && toHex(aad);
};
const PREFIX = toHex(new TextEncoder().encode("lacre/e2e/1"));
const IDS = "000000000000002a0000000000000007";
const CLIENT = CLIENT_ID.replaceAll("-", "");

describe("chatMessageAad", () => {
  it("contains a prefix, the chat, the sender, the time in milliseconds and the client id", () => {
    expect(aadOf({})).toBe(`${PREFIX}${IDS}0000018bcfe5687b${CLIENT}`);
    expect(aadOf({ chat_id: Number.MAX_SAFE_INTEGER })).toBe(
      `${PREFIX}001fffffffffffff00000000000000070000018bcfe5687b${CLIENT}`,
    );
  });

  it("accepts a client id that contains zeros", () => {
    const client_id = "018bcfe5-687b-7abc-8def-000000000000";
    expect(aadOf({ client_id })).toBe(
      `${PREFIX}${IDS}0000018bcfe5687b${client_id.replaceAll("-", "")}`,
    );
  });

  it("contains zeros for an absent client id", () => {
    expect(aadOf({ client_id: undefined })).toBe(
      `${PREFIX}${IDS}0000018bcfe5687b${"0".repeat(32)}`,
    );
  });

  it.each([
    [0, "0000000000000000"],
    [0.0005, "0000000000000001"],
    [0.0004, "0000000000000000"],
    [100_000_000_000, "00005af3107a4000"],
  ])("rounds the time %d to the nearest millisecond", (timestamp, milliseconds) => {
    expect(aadOf({ timestamp })).toBe(`${PREFIX}${IDS}${milliseconds}${CLIENT}`);
  });

  it.each([
    ...["chat_id", "sender_id"].flatMap((field) =>
      [0, -1, 1.5, 2 ** 53, Number.NaN, "42", undefined, null].map((bad) => ({ [field]: bad })),
    ),
    ...[-0.001, 100_000_000_000.01, Number.NaN, "5", undefined].map((timestamp) => ({
      timestamp,
    })),
    ...["x", "", CLIENT_ID.toUpperCase(), "00000000-0000-0000-0000-000000000000", null].map(
      (client_id) => ({ client_id }),
    ),
  ])("returns undefined for an invalid header: %j", (fields) => {
    expect(aadOf(fields)).toBeUndefined();
  });
});
