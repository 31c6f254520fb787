import { expect, it } from "vitest";
import { Group } from "../../src/mls/engine.js";
import { acceptAll, expectAgreement, none, TestDevice } from "../support/mls.js";
import { Random } from "../support/random.js";
import { runs } from "../support/runs.js";

it("all devices agree through random commits, joins and removals", async () => {
  for (let seed = 1; seed <= runs(10); seed++) await playRandomSteps(new Random(seed));
});

/** Commits random changes for some epochs. Each device that is or comes into the group must agree in each epoch. */
async function playRandomSteps(random: Random): Promise<void> {
  let last = 0;
  const members = new Map<TestDevice, Group>();
  const first = new TestDevice(last++);
  members.set(first, await first.create());
  for (let step = 0; step < 8; step++) {
    const devices = [...members.keys()];
    const by = random.pick(devices);
    const others = devices.filter((device) => device !== by);
    const gone = new Set(others.filter(() => random.oneIn(4)));
    const joiners = Array.from({ length: random.below(3) }, () => new TestDevice(last++));
    const packages = await Promise.all(joiners.map((device) => device.keyPackage()));
    const commit = await members.get(by)!.commit(
      by.signer,
      {
        add: packages.map(({ publish }) => publish),
        remove: [...gone].map((device) => members.get(device)!.ownLeaf.index),
      },
      none,
      acceptAll,
    );
    members.set(by, commit.group);
    for (const device of others) {
      const { group, received } = await members.get(device)!.receive(commit.message, acceptAll);
      expect(received.kind).toBe(gone.has(device) ? "removed" : "commit");
      if (gone.has(device)) members.delete(device);
      else members.set(device, group);
    }
    for (const [at, device] of joiners.entries()) {
      const { group } = await Group.join(commit.welcome!, [packages[at]!.keep], acceptAll);
      members.set(device, group);
    }
    if (random.oneIn(3)) {
      const device = new TestDevice(last++);
      const { signer, identity } = device;
      const joined = await Group.joinExternally(
        signer,
        commit.groupInfo,
        identity,
        none,
        acceptAll,
      );
      for (const [member, group] of members) {
        members.set(member, (await group.receive(joined.message, acceptAll)).group);
      }
      members.set(device, joined.group);
    }
    expectAgreement([...members.values()]);
  }
}
