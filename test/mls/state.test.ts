import { describe, expect, it } from "vitest";
import { Group } from "../../src/mls/engine.js";
import { acceptAll, groupOf, none, utf8 } from "../support/mls.js";
import { stateOf } from "../support/mls-hostile.js";

describe("a stored state", () => {
  /** Returns the group of device 1 after device 0 replaced its keys several times, and a text of device 2 from each epoch. */
  async function afterEpochs(epochs: number) {
    const { devices, groups } = await groupOf(4, 0xf00d);
    let [writer, reader, other] = groups as [Group, Group, Group];
    const texts = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const text = utf8(`text of epoch ${epoch}`);
      texts.push((await other.encrypt(devices[2]!.signer, text, none)).message);
      const { group, message } = await writer.commit(devices[0]!.signer, {}, none, acceptAll);
      writer = group;
      ({ group: reader } = await reader.receive(message, acceptAll));
      ({ group: other } = await other.receive(message, acceptAll));
    }
    return { devices, texts, reader };
  }

  it("has less than 250 bytes of each past epoch for a device", async () => {
    const { reader } = await afterEpochs(8);
    const state = reader.export();
    const withoutPast = reader.withoutPast().export();
    expect(stateOf(reader).historicalReceiverData.size).toBe(8);
    expect((state.length - withoutPast.length) / 8 / 4).toBeLessThan(250);
  });

  it("reads late messages of all past epochs that are retained, and knows who sent them", async () => {
    const { devices, texts, reader } = await afterEpochs(9);
    let group = await Group.import(reader.export());
    const { publicKey: signatureKey } = devices[2]!.signer;
    const sender = { index: 2, identity: devices[2]!.identity, signatureKey };
    await expect(group.receive(texts[0]!, acceptAll)).rejects.toMatchObject({
      code: "ERR_EXPIRED",
    });
    for (const [epoch, message] of texts.entries()) {
      if (epoch === 0) continue;
      const step = await group.receive(message, acceptAll);
      expect(step.received).toMatchObject({ data: utf8(`text of epoch ${epoch}`), sender });
      group = await Group.import(step.group.export());
      await expect(group.receive(message, acceptAll)).rejects.toMatchObject({
        code: "ERR_REPLAYED",
      });
    }
  });

  it("has no secret of a past commit, nor of nodes that send nothing", async () => {
    const { reader } = await afterEpochs(2);
    const { secretTree, historicalReceiverData } = stateOf(reader);
    const isSecret = ({ secret }: { secret: Uint8Array }) => secret.length > 0;
    for (const [at, { handshake, application }] of secretTree.entries()) {
      const isLeaf = at % 2 === 0;
      expect([handshake, application].map(isSecret)).toEqual([isLeaf, isLeaf]);
    }
    for (const { secretTree: past } of historicalReceiverData.values()) {
      for (const [at, { handshake, application }] of past.entries()) {
        expect([handshake, application].map(isSecret)).toEqual([false, at % 2 === 0]);
      }
    }
  });
});
