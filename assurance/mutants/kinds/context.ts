import { hkdfSha256 } from "../../../src/crypto/hkdf.js";
import { NOW } from "../../../test/support/examples.js";
import type { MutantKind } from "../kind.js";
import { sampleKey } from "../samples.js";

/** The key of a receiver that derives it otherwise than the sender did. */
function otherwise(secret: Uint8Array, info: string, id: string, salt?: Uint8Array) {
  return sampleKey(hkdfSha256(secret, { info: Buffer.from(info), salt, length: 32 }), id);
}

function heldAgainst(info: string, salt?: Uint8Array): MutantKind["make"] {
  return ({ bytes, signedWith: { reference } }) => ({
    bytes,
    openedWith: otherwise(reference.secret, info, reference.id, salt),
  });
}

/** The frame is sound, and comes where, or when, it should not. */
export const contextKinds: readonly MutantKind[] = [
  {
    name: "reflected: under the other direction's key",
    outcome: "refused",
    make: heldAgainst("lacre/server"),
  },
  {
    name: "of another connection",
    outcome: "refused",
    make: heldAgainst("lacre/client", Buffer.alloc(32, 1)),
  },
  { name: "of another session", outcome: "refused", make: heldAgainst("lacre/session/1\0") },
  {
    name: "under another key of the same id",
    outcome: "refused",
    make: ({ bytes, signedWith: { reference } }) => ({
      bytes,
      openedWith: sampleKey(
        reference.secret.map((byte) => byte ^ 0xff),
        reference.id,
      ),
    }),
  },
  {
    name: "of an id that the receiver's key has not",
    // Wire 1 names no key.
    outcome: "judged",
    make: ({ bytes, signedWith: { reference } }) => ({
      bytes,
      openedWith: sampleKey(reference.secret, "k2"),
    }),
  },
  {
    name: "too old",
    outcome: "refused",
    make: ({ bytes }, _, random) => ({ bytes, now: NOW + 361 + random.below(1e9) }),
  },
  {
    name: "from the future",
    outcome: "refused",
    make: ({ bytes }, _, random) => ({ bytes, now: NOW - 61 - random.below(1e9) }),
  },
  {
    name: "at the edges of the window",
    outcome: "judged",
    make: ({ bytes }, _, random) => ({
      bytes,
      now: NOW + random.pick([-60, -60.5, 360, 360.5, 0]),
    }),
  },
  { name: "a second time", outcome: "refused", make: ({ bytes }) => ({ bytes, isReplay: true }) },
  {
    name: "a second time, its entries in another order",
    outcome: "refused",
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
