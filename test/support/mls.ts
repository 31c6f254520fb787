import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "vitest";
import { Group, makeKeyPackages } from "../../src/mls/engine.js";
import type { OwnKeyPackage, Rules, Signer, Suite } from "../../src/mls/engine-types.js";

export const suites = [1, 0xf00d] as const;
export const acceptAll: Rules = { credential: () => true, change: () => true };
export const none = new Uint8Array(0);

export const utf8 = (text: string) => new TextEncoder().encode(text);

/** A device with its own key, or a given one. Its identity consists of its number. */
export class TestDevice {
  readonly identity: Uint8Array;
  readonly signer: Signer;

  constructor(number: number, signer?: Signer) {
    this.identity = new Uint8Array(24).fill(number);
    const secretKey = Uint8Array.from({ length: 32 }, (_, at) => number + at);
    this.signer = signer ?? {
      publicKey: ed25519.getPublicKey(secretKey),
      sign: (message) => ed25519.sign(message, secretKey),
    };
  }

  async keyPackage(suite: Suite = 1): Promise<OwnKeyPackage> {
    const [made] = await makeKeyPackages(this.signer, this.identity, suite, 1);
    return made!;
  }

  create(suite: Suite = 1): Promise<Group> {
    const { signer, identity } = this;
    return Group.create(signer, {
      suite,
      groupId: utf8("a group"),
      identity,
    });
  }
}

/** Devices 0 to `count` - 1, and the group of each after the first one added the others. */
export async function groupOf(
  count: number,
  suite: Suite = 1,
  devices = Array.from({ length: count }, (_, number) => new TestDevice(number)),
) {
  const [first, ...others] = devices;
  const packages = await Promise.all(others.map((device) => device.keyPackage(suite)));
  const add = packages.map(({ publish }) => publish);
  const created = await first!.create(suite);
  const { group, welcome } = await created.commit(first!.signer, { add }, none, acceptAll);
  const groups = [group];
  for (const { keep } of packages) {
    groups.push((await Group.join(welcome!, [keep], acceptAll)).group);
  }
  return { devices, groups };
}

/** Expects that all groups are in the same epoch, with the same devices. */
export function expectAgreement(groups: readonly Group[]): void {
  const [first, ...others] = groups.map(({ epoch, authenticator, roster }) => ({
    epoch,
    authenticator,
    roster,
  }));
  for (const other of others) expect(other).toEqual(first);
}
