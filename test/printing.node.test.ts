import { inspect } from "node:util";
import { expect, it } from "vitest";
import { ChatKey } from "../src/e2e/index.js";
import { MessageProtocol, SigningKey } from "../src/index.js";
import { NOW } from "./support/examples.js";
import { counting } from "./support/hex.js";

const allOf = (value: unknown) => inspect(value, { depth: 9, showHidden: true });

it("a message prints itself without its payload or any key", () => {
  const key = SigningKey.from("the secret word", { id: "k1" });
  const payload = { password: "the password" };
  const message = new MessageProtocol({ type: "letter", payload, timestamp: NOW }).sign(key);
  const opened = MessageProtocol.open(message.toBytes(), { key, now: NOW });
  const json = JSON.stringify([key, message]);
  for (const printed of [allOf([key, message, opened]), json, String(key), String(message)]) {
    expect(printed).not.toContain("the secret word");
    expect(printed).not.toContain("the password");
  }
});

it("a chat key does not print itself", async () => {
  const key = await ChatKey.from(counting(32), { extractable: true });
  for (const printed of [allOf(key), JSON.stringify(key), String(key)]) {
    expect(printed).not.toMatch(/0, 1, 2|0,1,2|00 01 02|000102/);
  }
});
