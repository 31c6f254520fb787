import { HistoryQueries } from "../../../src/database/history-queries.js";
import type { Store } from "../../../src/database/store.js";
import type { Fault, Replace } from "./fault.js";

/** Reads the place of a chunk from its head (docs/PROTOCOL.md, A-16). */
function headOf(chunk: Uint8Array) {
  const bytes = Buffer.from(chunk);
  const number = (at: number) => Number(bytes.readBigUInt64BE(at));
  return {
    ...{ to: bytes.toString("hex", 25, 41), device: bytes.toString("hex", 41, 57) },
    ...{ chat_id: number(57), first_seq: number(65) },
  };
}

const nameOf = (chunk: Uint8Array) => JSON.stringify(headOf(chunk));

/** Answers as if the server had done what it rejects with a status. */
const accepting =
  (status: number): Replace =>
  (change) =>
  async (...given) => {
    try {
      await change(...given);
    } catch (error) {
      if (Reflect.get(error as object, "status") !== status) throw error;
    }
  };

interface Row {
  readonly id: number;
  readonly chunk: Uint8Array;
}

/** The first id of each place, for the fault that never gives another one. */
const firstIds = new Map<string, number>();
/** The places with a chunk, for the fault that keeps the first one. */
const taken = new Set<string>();

/** Faults of the history of MLS chats. */
export const historyFaults: readonly Fault[] = [
  {
    name: "answers with a damaged history key",
    methods: [
      [
        HistoryQueries.prototype,
        "findKey",
        (original) =>
          async function (this: HistoryQueries, user_id: number) {
            const key = await original.call(this, user_id);
            return key && { ...key, history_key: key.history_key.map((byte: number) => byte ^ 1) };
          },
      ],
    ],
    failingCases: ["answers with the history key that the user published"],
    notRun: ["replaces a history key and all its chunks by another key"],
  },
  {
    name: "does not verify history keys",
    functions: { publishHistoryKey: accepting(422) },
    failingCases: ["rejects a history key of another user, signer or path"],
  },
  {
    name: "keeps the chunks of a replaced history key",
    functions: {
      publishHistoryKey: (publish) => async (store: Store, user_id: number, to, key) => {
        const chunks = await store.history.list(user_id, { after: 0, limit: 10 });
        await publish(store, user_id, to, key);
        if (chunks.every(({ chunk }) => headOf(chunk).to === to)) return;
        for (const { chunk } of chunks) {
          const { device, chat_id, first_seq } = headOf(chunk);
          await store.history.write({ user_id, device, chat_id, first_seq }, chunk);
        }
      },
    },
    failingCases: ["replaces a history key and all its chunks by another key"],
  },
  {
    name: "deletes the chunks if the same history key is published again",
    functions: {
      publishHistoryKey: (publish) => async (store: Store, user_id: number, to, key) => {
        const known = await store.history.findKey(user_id);
        if (known?.key_id === to) await store.history.deleteKey(user_id);
        return publish(store, user_id, to, key);
      },
    },
    failingCases: ["changes nothing if the same history key is published again"],
  },
  {
    name: "deletes the history for any id",
    functions: {
      deleteHistory: () => (store: Store, user_id: number) => store.history.deleteKey(user_id),
    },
    failingCases: [
      "deletes the history key with all its chunks, and nothing for the id of another key",
    ],
  },
  {
    name: "does not delete the history",
    functions: { deleteHistory: () => async () => {} },
    failingCases: [
      "deletes the history key with all its chunks, and nothing for the id of another key",
    ],
  },
  {
    name: "keeps the first chunk of a place",
    methods: [
      [
        HistoryQueries.prototype,
        "write",
        (original) =>
          async function (this: HistoryQueries, position: object, chunk: Uint8Array) {
            if (taken.has(nameOf(chunk))) return 0;
            taken.add(nameOf(chunk));
            return original.call(this, position, chunk);
          },
      ],
    ],
    failingCases: ["stores a chunk of the history in place of the one at its path"],
    notRun: ["gives a chunk that replaces another one an id greater than all before"],
  },
  {
    name: "deletes another chunk",
    functions: {
      deleteChunk: (deleteChunk) => (store: Store, position: { readonly first_seq: number }) =>
        deleteChunk(store, { ...position, first_seq: position.first_seq + 1 }),
    },
    failingCases: ["deletes a chunk of the history"],
  },
  {
    name: "accepts chunks of any history key",
    functions: { writeChunk: accepting(404) },
    failingCases: ["stores and deletes chunks of the user's present history key only"],
  },
  {
    name: "deletes chunks of any history key",
    functions: { deleteChunk: accepting(404) },
    failingCases: ["stores and deletes chunks of the user's present history key only"],
  },
  {
    name: "accepts chunks of devices that are not in the user's log",
    functions: {
      writeChunk: (writeChunk) => async (store: Store, session, position, chunk) => {
        const known = await store.devices.find(session.user_id, position.device);
        if (known !== undefined) await writeChunk(store, session, position, chunk);
      },
    },
    failingCases: ["rejects a chunk of a device that is not in the user's log"],
  },
  {
    name: "takes the place of a chunk from its head",
    functions: {
      writeChunk: (writeChunk) => (store: Store, session, position, chunk) =>
        writeChunk(store, session, { ...position, ...headOf(chunk) }, chunk),
    },
    failingCases: ["rejects a chunk whose head is not that of its path and user"],
  },
  {
    name: "does not verify the signatures of chunks",
    functions: {
      readHistoryHeader: (read) => (chunk: Uint8Array, log) => {
        try {
          return read(chunk, log);
        } catch (error) {
          const user_id = Number(Buffer.from(chunk).readBigUInt64BE(17));
          if (user_id !== log.user_id) throw error;
          return { ...headOf(chunk), user_id };
        }
      },
    },
    failingCases: ["rejects a chunk that its device did not sign"],
  },
  {
    name: "lists the first chunks after every id",
    methods: [
      [
        HistoryQueries.prototype,
        "list",
        (original) =>
          function (this: HistoryQueries, user_id: number, { limit }: { limit: number }) {
            return original.call(this, user_id, { after: 0, limit });
          },
      ],
    ],
    failingCases: ["lists 4 chunks after an id, by ascending id"],
  },
  {
    name: "gives a chunk that replaces another one the same id",
    methods: [
      [
        HistoryQueries.prototype,
        "list",
        (original) =>
          async function (this: HistoryQueries, ...given: unknown[]) {
            const rows: Row[] = await original.apply(this, given);
            for (const { id, chunk } of rows) {
              if (!firstIds.has(nameOf(chunk))) firstIds.set(nameOf(chunk), id);
            }
            const kept = rows.map((row) => ({ ...row, id: firstIds.get(nameOf(row.chunk))! }));
            return kept.sort((one, other) => one.id - other.id);
          },
      ],
    ],
    failingCases: ["gives a chunk that replaces another one an id greater than all before"],
  },
  {
    name: "lists the chunks for the id of any key",
    functions: { requireHistory: () => async () => {} },
    failingCases: ["lists chunks of the user's history key only"],
  },
];
