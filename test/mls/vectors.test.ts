import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, it } from "vitest";
import { concat, encodeBase64 } from "../../src/bytes.js";
import { Group } from "../../src/mls/engine.js";
import type { Rules } from "../../src/mls/engine-types.js";
import { hex, toHex } from "../support/hex.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

/** A case of the MLS working group's passive clients: a member that only reads. */
interface PassiveClient {
  readonly cipher_suite: number;
  readonly external_psks: readonly { readonly psk_id: string; readonly psk: string }[];
  readonly key_package: string;
  readonly signature_priv: string;
  readonly encryption_priv: string;
  readonly init_priv: string;
  readonly welcome: string;
  readonly ratchet_tree: string | null;
  readonly initial_epoch_authenticator: string;
  readonly epochs: readonly {
    readonly proposals: readonly string[];
    readonly commit: string;
    readonly epoch_authenticator: string;
  }[];
}

const acceptAll: Rules = { credential: () => true, change: () => true };

describeWithVectors("a passive client of the MLS working group's vectors", () => {
  it.each([
    ["passive-client-welcome", 8, 0],
    ["passive-client-handling-commit", 13, 26],
    ["passive-client-random", 1, 200],
  ])(
    "reaches the epochs of %s",
    async (file, clients, epochs) => {
      const cases = await readVectors<PassiveClient[]>(`mls/${file}.json`);
      expect(cases).toHaveLength(clients);
      let commits = 0;
      for (const client of cases) {
        const keep = concat(
          hex(client.init_priv),
          hex(client.encryption_priv),
          hex(client.key_package),
        );
        const psks = Object.fromEntries(
          client.external_psks.map(({ psk_id, psk }) => [encodeBase64(hex(psk_id)), hex(psk)]),
        );
        const welcome = concat(hex(client.welcome), hex(client.ratchet_tree ?? ""));
        let { group } = await Group.join(welcome, [keep], acceptAll, psks);
        expect(toHex(group.authenticator)).toBe(client.initial_epoch_authenticator);
        expect(toHex(group.ownLeaf.signatureKey)).toBe(
          toHex(ed25519.getPublicKey(hex(client.signature_priv))),
        );
        for (const { proposals, commit, epoch_authenticator } of client.epochs) {
          for (const message of [...proposals, commit]) {
            ({ group } = await group.receive(hex(message), acceptAll, psks));
          }
          expect(toHex(group.authenticator)).toBe(epoch_authenticator);
          commits += 1;
        }
        group = await Group.import(group.export());
      }
      expect(commits).toBe(epochs);
    },
    300_000,
  );
});
