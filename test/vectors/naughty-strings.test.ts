import { expect, it } from "vitest";
import * as z from "zod/mini";
import { ChatKey, decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import { defineMessage, MessageProtocol, SigningKey } from "../../src/index.js";
import { NOW, wires } from "../support/examples.js";
import { counting } from "../support/hex.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

const strings = await readVectors<string[]>("naughty-strings/blns.json");

describeWithVectors("naughty strings", () => {
  const key = SigningKey.from("a secret that both ends share");
  const Note = defineMessage("note", z.object({ text: z.string(), list: z.array(z.string()) }));

  it.each(wires)("round-trip on wire %i", (wire) => {
    expect(strings).toHaveLength(515);
    for (const text of strings) {
      const bytes = Note.toProtocol({ text, list: [text] }, key, {
        wire,
        timestamp: NOW,
      }).toBytes();
      expect(Note.fromProtocol(MessageProtocol.open(bytes, { key, now: NOW }))).toEqual({
        text,
        list: [text],
      });
    }
  });

  it("round-trip when encrypted and decrypted", async () => {
    const chatKey = await ChatKey.from(counting(32));
    for (const text of strings) {
      const message = await encryptMessage(chatKey, {
        chat_id: 1,
        sender_id: 2,
        content: { kind: "text", text },
      });
      expect(await decryptMessage(chatKey, message)).toEqual({ kind: "text", text });
    }
  });
});
