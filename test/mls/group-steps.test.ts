import { describe, expect, it } from "vitest";
import { Group, readGroupInfo } from "../../src/mls/engine.js";
import { acceptAll, groupOf, none, TestDevice, utf8 } from "../support/mls.js";

describe("the list of members", () => {
  it("is the same for all devices, and is replaced by a commit", async () => {
    const { devices, groups } = await groupOf(2);
    expect(groups.map(({ members }) => members)).toEqual([utf8("all"), utf8("all")]);
    const changes = { members: utf8("fewer") };
    const commit = await groups[0]!.commit(devices[0]!.signer, changes, none, acceptAll);
    const { group, received } = await groups[1]!.receive(commit.message, acceptAll);
    expect(received).toMatchObject({ change: { members: utf8("fewer"), others: [] } });
    expect(group.members).toEqual(utf8("fewer"));
    expect(readGroupInfo(commit.groupInfo)).toMatchObject({ epoch: 2n, members: utf8("fewer") });
    const [late, keep] = [new TestDevice(5), new TestDevice(6)];
    const joined = await Group.joinExternally(
      late.signer,
      commit.groupInfo,
      late.identity,
      none,
      acceptAll,
    );
    expect(joined.group.members).toEqual(utf8("fewer"));
    const made = await keep.keyPackage();
    const added = await commit.group.commit(
      devices[0]!.signer,
      { add: [made.publish], members: utf8("more") },
      none,
      acceptAll,
    );
    const { group: last } = await Group.join(added.welcome!, [made.keep], acceptAll);
    expect(last.members).toEqual(utf8("more"));
  });
});

describe("a commit of this device", () => {
  it("keeps what the group before it has read meanwhile", async () => {
    const { devices, groups } = await groupOf(2);
    const first = await groups[1]!.encrypt(devices[1]!.signer, utf8("first"), none);
    const second = await first.group.encrypt(devices[1]!.signer, utf8("second"), none);
    const commit = await groups[0]!.commit(devices[0]!.signer, {}, none, acceptAll);
    const { group: before } = await groups[0]!.receive(first.message, acceptAll);
    const pending = await Group.import(commit.group.withoutPast().export());
    await expect(pending.receive(second.message, acceptAll)).rejects.toMatchObject({
      code: "ERR_EXPIRED",
    });
    const after = pending.after(before);
    await expect(after.receive(first.message, acceptAll)).rejects.toMatchObject({
      code: "ERR_REPLAYED",
    });
    const { received } = await after.receive(second.message, acceptAll);
    expect(received).toMatchObject({ data: utf8("second") });
  });
});
