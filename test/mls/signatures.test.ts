import { describe, expect, it } from "vitest";
import { Group } from "../../src/mls/engine.js";
import type { Signer } from "../../src/mls/engine-types.js";
import { unusualKey, withoutReduction } from "../support/ed25519.js";
import { acceptAll, none, TestDevice } from "../support/mls.js";

// Verifiers differ on these signatures. Members must not: some would follow a commit that others reject.

const usual = unusualKey(3n);
const signers: [name: string, sign: (message: Uint8Array) => Uint8Array][] = [
  ["an R with a component of small order", unusualKey(3n, { mixedCommitment: true }).sign],
  ["the identity as R", unusualKey(3n, { nonce: 0n }).sign],
  ["an S that is not reduced", (message) => withoutReduction(usual.sign(message))],
];

/** Returns a group of a device whose key can sign in unusual ways, and of one that reads. */
async function groups(signer: Signer) {
  const writer = new TestDevice(1, signer);
  const reader = new TestDevice(2);
  const { publish, keep } = await reader.keyPackage();
  const alone = await writer.create();
  const { group, welcome } = await alone.commit(signer, { add: [publish] }, none, acceptAll);
  return { group, reading: (await Group.join(welcome!, [keep], acceptAll)).group };
}

describe.each(signers)("a signature with %s", (_, sign) => {
  const { publicKey } = usual;

  it("makes a message invalid", async () => {
    const { group, reading } = await groups(usual);
    const genuine = await group.encrypt(usual, none, none);
    await expect(reading.receive(genuine.message, acceptAll)).resolves.toBeDefined();
    const { message } = await group.encrypt({ publicKey, sign }, none, none);
    await expect(reading.receive(message, acceptAll)).rejects.toMatchObject({
      code: "ERR_DECRYPT",
    });
  });

  it("makes a commit invalid", async () => {
    const { group, reading } = await groups(usual);
    const { message } = await group.commit({ publicKey, sign }, {}, none, acceptAll);
    await expect(reading.receive(message, acceptAll)).rejects.toMatchObject({
      code: "ERR_DECRYPT",
    });
  });

  it("makes a key package invalid", async () => {
    const { publish } = await new TestDevice(3, { publicKey, sign }).keyPackage();
    const writer = new TestDevice(1);
    const alone = await writer.create();
    const add = [publish];
    await expect(alone.commit(writer.signer, { add }, none, acceptAll)).rejects.toMatchObject({
      code: "ERR_VERIFY",
    });
  });
});

describe("a public key with a component of small order", () => {
  it("makes a key package invalid", async () => {
    const { publish } = await new TestDevice(3, unusualKey(3n, { mixedKey: true })).keyPackage();
    const writer = new TestDevice(1);
    const alone = await writer.create();
    const add = [publish];
    await expect(alone.commit(writer.signer, { add }, none, acceptAll)).rejects.toMatchObject({
      code: "ERR_VERIFY",
    });
  });
});
