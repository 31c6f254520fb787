import { hkdfSha256 } from "../../../../src/crypto/hkdf.js";
import { NOW } from "../../../support/examples.js";
import type { MutantKind } from "../kind.js";
import { sampleKey } from "../samples.js";

/** Opens the sample with a key that the receiver derives otherwise than the sender. */
function otherwise(secret: Uint8Array, info: string, id: string, salt?: Uint8Array) {
  return sampleKey(hkdfSha256(secret, { info: Buffer.from(info), salt, length: 32 }), id);
}

function openedWithKeyOf(info: string, salt?: Uint8Array): MutantKind["make"] {
  return ({ bytes, signedWith: { reference } }) => ({
    bytes,
    openedWith: otherwise(reference.secret, info, reference.id, salt),
  });
}

/** Mutants that are valid frames, for another receiver or at another time. */
export const contextKinds: readonly MutantKind[] = [
  {
    name: "reflected: under the other direction's key",
    outcome: "rejected",
    make: openedWithKeyOf("lacre/server"),
  },
  {
    name: "of another connection",
    outcome: "rejected",
    make: openedWithKeyOf("lacre/client", Buffer.alloc(32, 1)),
  },
  { name: "of another session", outcome: "rejected", make: openedWithKeyOf("lacre/session/1\0") },
  {
    name: "under another key of the same id",
    outcome: "rejected",
    make: ({ bytes, signedWith: { reference } }) => ({
      bytes,
      openedWith: sampleKey(
        reference.secret.map((byte) => byte ^ 0xff),
        reference.id,
      ),
    }),
  },
  {
    name: "of a key id that differs from the receiver's",
    // A frame of wire 1 has no key id.
    outcome: "compared",
    make: ({ bytes, signedWith: { reference } }) => ({
      bytes,
      openedWith: sampleKey(reference.secret, "k2"),
    }),
  },
  {
    name: "too old",
    outcome: "rejected",
    make: ({ bytes }, _, random) => ({ bytes, now: NOW + 361 + random.below(1e9) }),
  },
  {
    name: "from the future",
    outcome: "rejected",
    make: ({ bytes }, _, random) => ({ bytes, now: NOW - 61 - random.below(1e9) }),
  },
  {
    name: "at the edges of the window",
    outcome: "compared",
    make: ({ bytes }, _, random) => ({
      bytes,
      now: NOW + random.pick([-60, -60.5, 360, 360.5, 0]),
    }),
  },
  { name: "a second time", outcome: "rejected", make: ({ bytes }) => ({ bytes, isReplay: true }) },
  {
    name: "a second time, its entries in another order",
    outcome: "rejected",
    make: (sample) =>
      sample.wire === 1
        ? {
            bytes: Buffer.concat([
              sample.bytes.subarray(0, 1),
              ...sample.parts.toReversed().flatMap(({ key, value }) => [key, value]),
            ]),
            isReplay: true,
          }
        : undefined,
  },
];
