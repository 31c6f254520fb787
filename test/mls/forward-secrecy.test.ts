import { describe, expect, it } from "vitest";
import type { Group } from "../../src/mls/engine.js";
import { acceptAll, groupOf, none, utf8 } from "../support/mls.js";
import { decryptWith, rewound } from "../support/mls-attacker.js";

/** Returns the texts that the secrets of a state decrypt. */
async function decrypted(group: Group, messages: readonly Uint8Array[]): Promise<string[]> {
  const found = new Set<string>();
  for (const one of [group, ...(await rewound(group))]) {
    for (const message of messages) {
      const data = await decryptWith(one, message);
      if (data !== undefined) found.add(new TextDecoder().decode(data));
    }
  }
  return [...found].sort();
}

describe.each([1, 0xf00d] as const)("a group of suite %i", (suite) => {
  /** Returns a group of 2 devices, and some messages of the first one. */
  async function withMessages(count: number) {
    const { devices, groups } = await groupOf(2, suite);
    let writer = groups[0]!;
    const messages = [];
    for (let at = 0; at < count; at++) {
      const step = await writer.encrypt(devices[0]!.signer, utf8(`text ${at}`), none);
      writer = step.group;
      messages.push(step.message);
    }
    return { devices, messages, writer, reader: groups[1]! };
  }

  it("has no secret of a message that was read after a missing one", async () => {
    const { messages, reader } = await withMessages(4);
    const second = (await reader.receive(messages[2]!, acceptAll)).group;
    expect(await decrypted(reader, messages)).toEqual(["text 0", "text 1", "text 2", "text 3"]);
    expect(await decrypted(second, messages)).toEqual(["text 0", "text 1", "text 3"]);
    const third = (await second.receive(messages[0]!, acceptAll)).group;
    expect(await decrypted(third, messages)).toEqual(["text 1", "text 3"]);
  });

  it("has no secret of a message that this device encrypted", async () => {
    const { messages, writer } = await withMessages(2);
    expect(await decrypted(writer, messages)).toEqual([]);
  });
});
