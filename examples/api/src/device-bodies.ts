import { bytes, ChatSummary, defineMessage } from "lacre";
import * as z from "zod/mini";

// Bodies of the delivery service for devices (docs/PROTOCOL.md, section 15).

/** Length of an entry of a device log in bytes. */
const ENTRY_BYTES = 289;
/** Length in bytes of what a new device accepts for one signer, and the number of signers: 8 devices, and the recovery key. */
const ACCEPTED_BYTES = 225;
const MAX_SIGNERS = 9;
/** Maximum length of a key package in bytes. One with X-Wing has about 2,700. */
export const MAX_KEY_PACKAGE_BYTES = 4096;
/** Maximum number of key packages that a device stores for one suite, without that of last resort. */
export const MAX_KEY_PACKAGES = 100;
/** Maximum number of users of one claim: those of a chat. */
const MAX_CLAIMED_USERS = 64;

const userId = ChatSummary.shape.peer_id;
const count = ChatSummary.shape.unread;
export const device = z.string().check(z.regex(/^[0-9a-f]{32}$/));
const suite = z.int().check(z.minimum(1), z.maximum(0xffff));
const keyPackage = bytes({ min: 1, max: MAX_KEY_PACKAGE_BYTES });

export const DeviceEntries = z.object({
  user_id: userId,
  /** Entries with increasing seqs. */
  entries: z.array(bytes({ length: ENTRY_BYTES })),
  /** Number of entries of the log. */
  last_seq: count,
  has_more: z.boolean(),
});

export const AddEntry = defineMessage(
  "add_entry",
  z.object({
    entry: bytes({ length: ENTRY_BYTES }),
    /** Required for an entry that resets the log. */
    password: z.optional(z.string().check(z.maxLength(1024))),
  }),
);

export const DeviceLogChanged = z.object({ user_id: userId, last_seq: userId });

export const Acceptance = defineMessage(
  "acceptance",
  z.object({
    acceptance: bytes({ min: ACCEPTED_BYTES, max: MAX_SIGNERS * ACCEPTED_BYTES }).check(
      z.refine(({ length }) => length % ACCEPTED_BYTES === 0, {
        error: `must have ${ACCEPTED_BYTES} bytes for each signer`,
      }),
    ),
  }),
);

export const PublishKeyPackages = defineMessage(
  "publish_key_packages",
  z.object({
    key_packages: z.array(keyPackage).check(z.maxLength(MAX_KEY_PACKAGES)),
    /** At most one for each suite. It replaces the earlier one, and is never used up. */
    last_resort: z.optional(z.array(keyPackage).check(z.maxLength(2))),
  }),
);

export const KeyPackageCounts = z.object({
  suites: z.array(z.object({ suite, count, has_last_resort: z.boolean() })),
});

export const ClaimKeyPackages = defineMessage(
  "claim_key_packages",
  z.object({
    user_ids: z.array(userId).check(z.minLength(1), z.maxLength(MAX_CLAIMED_USERS)),
    suite,
  }),
);

export const ClaimedKeyPackages = z.object({
  devices: z.array(
    z.object({
      user_id: userId,
      device,
      /** Absent if the device has none. */
      key_package: z.optional(keyPackage),
    }),
  ),
});
