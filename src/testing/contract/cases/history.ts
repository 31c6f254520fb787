import type { Bytes } from "../../../bytes.js";
import { base64 } from "../codec.js";
import { deviceCase } from "../contract-case.js";
import { check, checkSame } from "../contract-error.js";
import { type Account, addition, begun, loadMls, post } from "../device-accounts.js";
import {
  type HistoryKey,
  listChunks,
  makeChunk,
  makeHistoryKey,
  type Position,
  pathOf,
  publishedKey,
  publishKey,
  writeChunk,
} from "../history-chunks.js";
import type { HttpUser } from "../http-accounts.js";
import type { HttpFixture } from "../http-fixture.js";

const PUBLISHES = "answers with the history key that the user published";
const WRITES = "stores a chunk of the history in place of the one at its path";
const PAGE = 4;

/** A user who has published a history key. */
type Writer = Account & HistoryKey;

/** Defines a case with a user who has published a history key. */
const historyCase = (
  requirement: string,
  name: string,
  test: (fixture: HttpFixture, writer: Writer) => Promise<void>,
  dependsOn: readonly string[] = [PUBLISHES, WRITES],
) =>
  deviceCase(
    requirement,
    name,
    async (fixture) => {
      const account = await begun(fixture);
      const key = await makeHistoryKey(account.user.id, account.recoveryKey);
      await publishKey(fixture, account.user, key);
      await test(fixture, { ...account, ...key });
    },
    { dependsOn },
  );

/** Returns the place of a chunk of the user's first device. */
const positionOf = ({ to, device }: Writer, first_seq = 1): Position => ({
  ...{ to, device: device.id },
  ...{ chat_id: 7, first_seq },
});

/** Makes a chunk of the user's first device, and stores it. */
async function written(fixture: HttpFixture, writer: Writer, first_seq?: number): Promise<string> {
  const position = positionOf(writer, first_seq);
  const chunk = await makeChunk(writer.user.id, position, writer.device);
  await writeChunk(fixture, writer.user, position, chunk);
  return base64(chunk);
}

/** Sends a chunk that the server must reject. */
async function expectRejected(
  fixture: HttpFixture,
  { token }: HttpUser,
  { position, chunk }: { position: Position; chunk: Bytes },
  [status, expected]: readonly [number, string],
) {
  const options = { token, body: { chunk } };
  const code = await fixture.expectError("PUT", pathOf(position), status, options);
  checkSame("error_code", code, expected);
}

const INVALID = [422, "ERR_VALIDATION"] as const;
const FORBIDDEN = [403, "ERR_FORBIDDEN"] as const;
const NOT_FOUND = [404, "ERR_HISTORY_NOT_FOUND"] as const;

const textsOf = (chunks: readonly { readonly chunk: string }[]) => chunks.map(({ chunk }) => chunk);

/** Returns a copy of a chunk in which a bit of the ciphertext is changed. */
function changed(chunk: Bytes): Bytes {
  const copy = chunk.slice();
  copy[copy.length - 65]! ^= 1;
  return copy;
}

/** The history of MLS chats (docs/PROTOCOL.md, section 15). */
export const history = [
  deviceCase("D-17", PUBLISHES, async (fixture) => {
    const [{ user, recoveryKey }, other] = await Promise.all([begun(fixture), begun(fixture)]);
    checkSame("history_key", await publishedKey(fixture, user), undefined);
    const key = await makeHistoryKey(user.id, recoveryKey);
    await publishKey(fixture, user, key);
    checkSame("history_key", await publishedKey(fixture, user), base64(key.history_key));
    checkSame("history_key of another user", await publishedKey(fixture, other.user), undefined);
  }),
  deviceCase(
    "D-17",
    "rejects a history key of another user, signer or path",
    async (fixture) => {
      const { user, device, recoveryKey } = await begun(fixture);
      const [key, ofDevice, ofOther] = await Promise.all([
        makeHistoryKey(user.id, recoveryKey),
        makeHistoryKey(user.id, device),
        makeHistoryKey(user.id + 1, recoveryKey),
      ]);
      for (const { to, history_key } of [ofDevice, ofOther, { ...key, to: ofDevice.to }]) {
        const options = { token: user.token, body: { history_key } };
        const code = await fixture.expectError("PUT", `/history/${to}`, INVALID[0], options);
        checkSame("error_code", code, INVALID[1]);
      }
      checkSame("history_key", await publishedKey(fixture, user), undefined);
    },
    { dependsOn: [PUBLISHES] },
  ),
  historyCase(
    "D-17",
    "replaces a history key and all its chunks by another key",
    async (fixture, writer) => {
      const { user, recoveryKey } = writer;
      await written(fixture, writer);
      const next = await makeHistoryKey(user.id, recoveryKey);
      await publishKey(fixture, user, next);
      checkSame("history_key", await publishedKey(fixture, user), base64(next.history_key));
      checkSame("chunks", (await listChunks(fixture, user, next.to)).chunks, []);
    },
  ),
  historyCase(
    "D-17",
    "changes nothing if the same history key is published again",
    async (fixture, writer) => {
      const { user, to } = writer;
      await written(fixture, writer);
      const before = await listChunks(fixture, user, to);
      await publishKey(fixture, user, writer);
      checkSame("chunks", await listChunks(fixture, user, to), before);
    },
  ),
  historyCase(
    "D-17",
    "deletes the history key with all its chunks, and nothing for the id of another key",
    async (fixture, writer) => {
      const { user, to } = writer;
      const { token } = user;
      const chunk = await written(fixture, writer);
      const { to: other } = await makeHistoryKey(user.id, writer.recoveryKey);
      await fixture.expectStatus("DELETE", `/history/${other}`, 204, { token });
      checkSame("chunks", textsOf((await listChunks(fixture, user, to)).chunks), [chunk]);
      await fixture.expectStatus("DELETE", `/history/${to}`, 204, { token });
      checkSame("history_key", await publishedKey(fixture, user), undefined);
      await publishKey(fixture, user, writer);
      checkSame("chunks", (await listChunks(fixture, user, to)).chunks, []);
    },
  ),
  historyCase(
    "D-18",
    WRITES,
    async (fixture, writer) => {
      const { user, to } = writer;
      await written(fixture, writer);
      const chunk = await written(fixture, writer);
      checkSame("chunks", textsOf((await listChunks(fixture, user, to)).chunks), [chunk]);
    },
    [PUBLISHES],
  ),
  historyCase("D-18", "deletes a chunk of the history", async (fixture, writer) => {
    const { user, to } = writer;
    await written(fixture, writer, 1);
    const kept = await written(fixture, writer, 2);
    const path = pathOf(positionOf(writer, 1));
    await fixture.expectStatus("DELETE", path, 204, { token: user.token });
    checkSame("chunks", textsOf((await listChunks(fixture, user, to)).chunks), [kept]);
  }),
  historyCase(
    "D-18",
    "stores and deletes chunks of the user's present history key only",
    async (fixture, writer) => {
      const { user, device, recoveryKey } = writer;
      const { to } = await makeHistoryKey(user.id, recoveryKey);
      const position = { ...positionOf(writer), to };
      const chunk = await makeChunk(user.id, position, device);
      await expectRejected(fixture, user, { position, chunk }, NOT_FOUND);
      const options = { token: user.token };
      const code = await fixture.expectError("DELETE", pathOf(position), NOT_FOUND[0], options);
      checkSame("error_code", code, NOT_FOUND[1]);
    },
  ),
  historyCase("D-18", "lets a session write chunks of one device only", async (fixture, writer) => {
    const { device, entry } = await addition(writer);
    await post(fixture, writer.user, entry, 201);
    await written(fixture, writer);
    const position = { ...positionOf(writer), device: device.id };
    const chunk = await makeChunk(writer.user.id, position, device);
    await expectRejected(fixture, writer.user, { position, chunk }, FORBIDDEN);
  }),
  historyCase(
    "D-18",
    "rejects a chunk of a device that is not in the user's log",
    async (fixture, writer) => {
      const { Device } = await loadMls();
      const device = await Device.generate({ user_id: writer.user.id });
      const position = { ...positionOf(writer), device: device.id };
      const chunk = await makeChunk(writer.user.id, position, device);
      await expectRejected(fixture, writer.user, { position, chunk }, FORBIDDEN);
    },
  ),
  historyCase(
    "D-18",
    "rejects a chunk whose head is not that of its path and user",
    async (fixture, writer) => {
      const { user, device } = writer;
      const position = positionOf(writer);
      const heads = [
        makeChunk(user.id, { ...position, first_seq: 2 }, device),
        makeChunk(user.id, { ...position, chat_id: 8 }, device),
        makeChunk(user.id, { ...position, to: "0".repeat(32) }, device),
        makeChunk(user.id + 1, position, device),
      ];
      for (const chunk of await Promise.all(heads)) {
        await expectRejected(fixture, user, { position, chunk }, INVALID);
      }
    },
  ),
  historyCase("D-18", "rejects a chunk that its device did not sign", async (fixture, writer) => {
    const { Device } = await loadMls();
    const { user, device } = writer;
    const position = positionOf(writer);
    const other = await Device.generate({ user_id: user.id });
    const signed = await makeChunk(user.id, position, device);
    for (const chunk of [changed(signed), await makeChunk(user.id, position, other)]) {
      await expectRejected(fixture, user, { position, chunk }, INVALID);
    }
  }),
  historyCase("D-19", "lists 4 chunks after an id, by ascending id", async (fixture, writer) => {
    const { user, to } = writer;
    const all: string[] = [];
    for (let seq = PAGE + 2; seq > 0; seq--) all.push(await written(fixture, writer, seq));
    const first = await listChunks(fixture, user, to);
    checkSame("chunks", textsOf(first.chunks), all.slice(0, PAGE));
    checkSame("has_more", first.has_more, true);
    const rest = await listChunks(fixture, user, to, first.chunks.at(-1)?.chunk_id);
    checkSame("chunks", textsOf(rest.chunks), all.slice(PAGE));
    checkSame("has_more", rest.has_more, false);
    const ids = [...first.chunks, ...rest.chunks].map(({ chunk_id }) => chunk_id);
    const isAscending = ids.every((id, at) => at === 0 || id > ids[at - 1]!);
    check(isAscending, "chunks by ascending chunk_id", ids);
  }),
  historyCase(
    "D-19",
    "gives a chunk that replaces another one an id greater than all before",
    async (fixture, writer) => {
      const { user, to } = writer;
      await written(fixture, writer, 1);
      const kept = await written(fixture, writer, 2);
      const last = (await listChunks(fixture, user, to)).chunks.at(-1)?.chunk_id;
      const replaced = await written(fixture, writer, 1);
      const { chunks } = await listChunks(fixture, user, to);
      checkSame("chunks", textsOf(chunks), [kept, replaced]);
      const { chunk_id } = chunks.at(-1)!;
      check(chunk_id > last!, `a chunk_id greater than ${last}`, chunk_id);
    },
  ),
  historyCase("D-19", "lists chunks of the user's history key only", async (fixture, writer) => {
    await written(fixture, writer);
    const other = await begun(fixture);
    const paths = [
      [writer.user, `/history/${"0".repeat(32)}`],
      [other.user, `/history/${writer.to}`],
    ] as const;
    for (const [{ token }, path] of paths) {
      const code = await fixture.expectError("GET", path, NOT_FOUND[0], { token });
      checkSame("error_code", code, NOT_FOUND[1]);
    }
  }),
];
