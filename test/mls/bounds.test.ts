import { describe, expect, it } from "vitest";
import type { Group } from "../../src/mls/engine.js";
import { acceptAll, expectAgreement, groupOf, none, TestDevice } from "../support/mls.js";
import { added, type HostileContent, hostileMessage } from "../support/mls-hostile.js";

/** Returns functions that receive a message of device 0 in the group of device 1. */
async function pair() {
  const { devices, groups } = await groupOf(2);
  const [writer, reader] = groups as [Group, Group];
  const { signer } = devices[0]!;
  return {
    reader,
    readerSigner: devices[1]!.signer,
    receive: async (content: HostileContent, isPublic = false) => {
      const message = await hostileMessage(writer, signer, content, { isPublic });
      return reader.receive(message, acceptAll);
    },
  };
}

describe("several additions or updates that are invalid", () => {
  // Each of them rejects a promise of ts-mls. One without a handler ends the process of Node, and fails the run of vitest.
  const wrong = new Uint8Array(64);

  it("make a commit invalid, and cause no unhandled rejection", async () => {
    const { receive } = await pair();
    const proposals = [];
    for (const number of [5, 6, 7]) {
      const keyPackage = await added(new TestDevice(number));
      const add = { keyPackage: { ...keyPackage, signature: wrong } };
      const proposal = { proposalType: "add" as const, add };
      proposals.push({ proposalOrRefType: "proposal" as const, proposal });
    }
    const content = { contentType: "commit" as const, commit: { proposals, path: undefined } };
    await expect(receive(content)).rejects.toMatchObject({ code: "ERR_VERIFY" });
  });

  it("make an own commit fail, and cause no unhandled rejection", async () => {
    const { reader, readerSigner } = await pair();
    const add = [];
    for (const number of [5, 6, 7]) {
      const { publish } = await new TestDevice(number).keyPackage();
      publish.fill(0, -64);
      add.push(publish);
    }
    await expect(reader.commit(readerSigner, { add }, none, acceptAll)).rejects.toMatchObject({
      code: "ERR_VERIFY",
    });
  });

  it("that were proposed make a commit invalid, and cause no unhandled rejection", async () => {
    const { devices, groups } = await groupOf(4);
    let [reader] = groups as [Group];
    const proposals = [];
    for (const at of [1, 2]) {
      const { signer } = devices[at]!;
      const leafNode = (await added(devices[at]!)).leafNode;
      const update = { leafNode: { ...leafNode, leafNodeSource: "update" as const } };
      const proposal = { proposalType: "update" as const, update };
      const content = { contentType: "proposal" as const, proposal };
      const message = await hostileMessage(groups[at]!, signer, content);
      ({ group: reader } = await reader.receive(message, acceptAll));
      proposals.push(proposal);
    }
    await expect(reader.commit(devices[0]!.signer, {}, none, acceptAll)).rejects.toMatchObject({
      code: "ERR_VERIFY",
    });
  });
});

describe("a commit of this device", () => {
  it("includes one removal of each other device, however often it was proposed", async () => {
    const { devices, groups } = await groupOf(4);
    let [own, leaver, reader] = groups as [Group, Group, Group];
    for (const removed of [1, 1, 3, 0]) {
      const step = await leaver.propose(devices[1]!.signer, removed, none);
      leaver = step.group;
      ({ group: own } = await own.receive(step.message, acceptAll));
      ({ group: reader } = await reader.receive(step.message, acceptAll));
    }
    const { signer } = devices[0]!;
    const commit = await own.commit(signer, { remove: [3] }, none, acceptAll);
    const { group, received } = await reader.receive(commit.message, acceptAll);
    expect(received).toMatchObject({ change: { removed: [{ index: 1 }, { index: 3 }] } });
    expectAgreement([group, commit.group]);
  });
});
