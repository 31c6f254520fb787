import { decodeGroupState } from "ts-mls/clientState.js";
import { createCommit } from "ts-mls/createCommit.js";
import { decodeMlsMessage } from "ts-mls/message.js";
import { expect, it } from "vitest";
import { Group } from "../../src/mls/engine.js";
import { algorithmsOf } from "../../src/mls/engine-crypto.js";
import { configOf, encode, encodeWithTree } from "../../src/mls/engine-messages.js";
import type { Suite } from "../../src/mls/engine-types.js";
import { acceptAll, groupOf, suites, TestDevice } from "../support/mls.js";

/** Returns a commit that removes device 1 and adds a device, by device 3 of a group of 4. */
async function commitOf(suite: Suite, hasOtherKeys: boolean) {
  const { devices, groups } = await groupOf(4, suite);
  const added = await new TestDevice(5).keyPackage(suite);
  const [message] = decodeMlsMessage(added.publish, 0)!;
  if (message.wireformat !== "mls_key_package") throw new Error("not a key package");
  const [stored] = decodeGroupState(groups[3]!.export(), 1)!;
  const cs = algorithmsOf(suite, devices[3]!.signer);
  const { deriveKeyPair, generateKeyPair } = cs.hpke;
  const hpke = { ...cs.hpke, deriveKeyPair: hasOtherKeys ? generateKeyPair : deriveKeyPair };
  const made = await createCommit(
    {
      state: { ...stored, clientConfig: configOf(acceptAll) },
      cipherSuite: { ...cs, hpke },
    },
    {
      extraProposals: [
        { proposalType: "remove", remove: { removed: 1 } },
        { proposalType: "add", add: { keyPackage: message.keyPackage } },
      ],
    },
  );
  const welcome = { wireformat: "mls_welcome", welcome: made.welcome! } as const;
  return {
    reader: groups[0]!,
    keep: added.keep,
    commit: encode(made.commit as Parameters<typeof encode>[0]),
    welcome: encodeWithTree(welcome, made.newState.ratchetTree),
  };
}

it.each(suites)(
  "rejects public keys that are not those of the path secrets (suite %i)",
  async (suite) => {
    const right = await commitOf(suite, false);
    const { received } = await right.reader.receive(right.commit, acceptAll);
    expect(received.kind).toBe("commit");
    await expect(Group.join(right.welcome, [right.keep], acceptAll)).resolves.toBeDefined();
    const wrong = await commitOf(suite, true);
    const rejected = { code: "ERR_VERIFY" };
    await expect(wrong.reader.receive(wrong.commit, acceptAll)).rejects.toMatchObject(rejected);
    const joining = Group.join(wrong.welcome, [wrong.keep], acceptAll);
    await expect(joining).rejects.toMatchObject(rejected);
  },
);
