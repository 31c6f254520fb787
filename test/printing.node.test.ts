import { inspect } from "node:util";
import { expect, it } from "vitest";
import { ChatKey } from "../src/e2e/index.js";
import { MessageProtocol, SigningKey } from "../src/index.js";
import { Device, readRecoveryKey } from "../src/mls/index.js";
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

it("a device and a recovery key do not print themselves", async () => {
  const device = await Device.from(counting(32), { user_id: 7, extractable: true });
  const text = "1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1857-G39Y";
  const recoveryKey = await readRecoveryKey(text);
  for (const of of [device, recoveryKey]) {
    for (const printed of [allOf(of), JSON.stringify(of), String(of), JSON.stringify({ ...of })]) {
      expect(printed).not.toMatch(/0, 1, 2|0,1,2|00 01 02|000102/);
      expect(printed).not.toMatch(/10, 10, 10|10,10,10|0a 0a 0a|0a0a0a|1850/);
    }
  }
});
