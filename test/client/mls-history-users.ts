import { MlsHistory, memoryMlsStorage } from "../../src/client/mls/index.js";
import type { ChatMessage } from "../../src/messages/chat.js";
import type { RecoveryKey } from "../../src/mls/index.js";
import { TestHistoryServer } from "./mls-history-server.js";
import { chatOf, TestDevice, TestMlsServer } from "./mls-test-server.js";

export const [ALICE, BOB, CHAT] = [7, 9, 42];

/** Alice's first device, with her recovery key, in a chat with Bob. */
export async function aliceAndBob() {
  const server = new TestMlsServer();
  const histories = new TestHistoryServer();
  const storage = memoryMlsStorage();
  const alice = await TestDevice.open(server, ALICE, undefined, storage);
  let recoveryKey: RecoveryKey | undefined;
  await alice.mls.begin((key) => {
    recoveryKey = key;
  });
  await alice.mls.sync();
  const bob = await TestDevice.begin(server, BOB);
  await chatOf(CHAT, [alice, bob]);
  const history = await MlsHistory.open(alice.mls, histories);
  return { server, histories, storage, alice, bob, history, recoveryKey: recoveryKey! };
}

/** A new device of Alice, added by the recovery key. */
export async function recovered(
  server: TestMlsServer,
  histories: TestHistoryServer,
  key: RecoveryKey,
) {
  const device = await TestDevice.open(server, ALICE);
  await device.mls.recover(key);
  return { device, history: await MlsHistory.open(device.mls, histories) };
}

export async function textsOf(device: TestDevice, messages: readonly ChatMessage[]) {
  const texts = [];
  for (const message of messages) {
    const read = await device.mls.cipher(CHAT).decrypt(message);
    texts.push(read.kind === "content" ? (read.content as { text: string }).text : read.kind);
  }
  return texts;
}
