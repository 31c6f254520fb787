import { describe, expect, it } from "vitest";
import { Group, readGroupInfo } from "../../src/mls/engine.js";
import { acceptAll, groupOf, none, TestDevice, utf8 } from "../support/mls.js";

describe("the note of a commit", () => {
  it("is for the devices that join by its welcome, or by its group info", async () => {
    const { devices, groups } = await groupOf(2);
    const added = new TestDevice(5);
    const made = await added.keyPackage();
    const changes = { add: [made.publish] };
    const [signer] = devices.map((device) => device.signer);
    const commit = await groups[0]!.commit(signer!, changes, none, acceptAll, utf8("note"));
    const { note, used } = await Group.join(commit.welcome!, [made.keep], acceptAll);
    expect({ note, used }).toEqual({ note: utf8("note"), used: 0 });
    expect(readGroupInfo(commit.groupInfo)).toMatchObject({ epoch: 2n, note: utf8("note") });
    const late = new TestDevice(6);
    const { groupInfo } = await Group.joinExternally(
      late.signer,
      commit.groupInfo,
      late.identity,
      none,
      acceptAll,
      utf8("another"),
    );
    expect(readGroupInfo(groupInfo)).toMatchObject({ epoch: 3n, note: utf8("another") });
    const without = await groups[0]!.commit(signer!, {}, none, acceptAll);
    expect(readGroupInfo(without.groupInfo).note).toEqual(none);
  });

  it("is signed: a group info with another note is rejected", async () => {
    const { devices, groups } = await groupOf(2);
    const { signer } = devices[0]!;
    const { groupInfo } = await groups[0]!.commit(signer, {}, none, acceptAll, utf8("note"));
    const changed = groupInfo.slice();
    const at = new TextDecoder("latin1").decode(changed).indexOf("note");
    changed[at]! ^= 1;
    const late = new TestDevice(6);
    await expect(
      Group.joinExternally(late.signer, changed, late.identity, none, acceptAll),
    ).rejects.toMatchObject({ code: "ERR_VERIFY" });
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
