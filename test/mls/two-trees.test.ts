// A tree behind a message is checked. One inside it too would not be, and ts-mls would use that one. With a leaf beyond the tree, it
// never ends.
import { createCommit } from "ts-mls/createCommit.js";
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js";
import { encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import { expect, it } from "vitest";
import { Group, readGroupInfo } from "../../src/mls/engine.js";
import { algorithmsOf } from "../../src/mls/engine-crypto.js";
import { configOf, decodeWithTree } from "../../src/mls/engine-messages.js";
import { acceptAll, groupOf, none, TestDevice } from "../support/mls.js";
import { stateOf } from "../support/mls-hostile.js";

const late = new TestDevice(40);

/** Returns a tree of two devices whose parent has an unmerged leaf beyond it, as an extension. */
function endless(tree: RatchetTree) {
  const parent = { hpkePublicKey: new Uint8Array(32), parentHash: none, unmergedLeaves: [1000] };
  const nodes = [tree[0], { nodeType: "parent" as const, parent }, tree[2]];
  return { extensionType: "ratchet_tree" as const, extensionData: encodeRatchetTree(nodes) };
}

it("a group info with a tree inside and behind it is malformed", async () => {
  const { devices, groups } = await groupOf(4);
  const { groupInfo } = await groups[0]!.commit(devices[0]!.signer, {}, none, acceptAll);
  const { message, tree } = decodeWithTree(groupInfo, "mls_group_info");
  const extensions = [...message.groupInfo.extensions, endless(tree!)];
  const changed = { ...message, groupInfo: { ...message.groupInfo, extensions } };
  const bytes = Uint8Array.of(...encodeMlsMessage(changed), ...encodeRatchetTree(tree!));
  for (const read of [
    () => Group.joinExternally(late.signer, bytes, late.identity, none, acceptAll),
    async () => readGroupInfo(bytes),
  ]) {
    await expect(read()).rejects.toMatchObject({ code: "ERR_MALFORMED" });
  }
});

it("a welcome with a tree inside and behind it is rejected", async () => {
  const { devices, groups } = await groupOf(4);
  const { publish, keep } = await late.keyPackage();
  const [decoded] = decodeMlsMessage(publish, 0)!;
  if (decoded.wireformat !== "mls_key_package") throw new Error("not a key package");
  const state = { ...stateOf(groups[0]!), clientConfig: configOf(acceptAll) };
  const cipherSuite = algorithmsOf(1, devices[0]!.signer);
  const { keyPackage } = decoded;
  const { welcome, newState } = await createCommit(
    { state, cipherSuite },
    {
      extraProposals: [{ proposalType: "add", add: { keyPackage } }],
      groupInfoExtensions: [endless(state.ratchetTree)],
    },
  );
  const message = { version: "mls10", wireformat: "mls_welcome", welcome: welcome! } as const;
  const tree = encodeRatchetTree(newState.ratchetTree);
  const bytes = Uint8Array.of(...encodeMlsMessage(message), ...tree);
  await expect(Group.join(bytes, [keep], acceptAll)).rejects.toMatchObject({ code: "ERR_VERIFY" });
});
