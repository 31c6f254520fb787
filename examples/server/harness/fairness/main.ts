import { randomBytes } from "node:crypto";
import { loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Account, createChat, register } from "../client/accounts.js";
import { Client } from "../client/client.js";
import { Child } from "../processes/child.js";
import { createDatabase, type DatabaseKind, isPostgresAvailable } from "../processes/database.js";
import { ServerProcess } from "../processes/server-process.js";
import { until } from "../until.js";
import type { GreedyOptions } from "./greedy.js";

/*
 * Measures how one user with 20 connections, who sends all kinds of frames at the limit, delays the acks and HTTP answers
 * of other users. `npm run fairness -w examples/server -- 20` measures for 20 seconds.
 */

const SECONDS = Number(process.argv[2] ?? 15);
const PAIRS = 4;
const WRITE_EVERY_MS = 60;
const GET_EVERY_MS = 100;
/** Maximum ratio between the 99th percentiles of ack times with and without that user. */
const MAX_RATIO = 2;
/** Maximum time of a GET, in milliseconds. */
const MAX_GET_MS = 100;

interface Measured {
  readonly acks: readonly number[];
  readonly gets: readonly number[];
}

async function measureOn(kind: DatabaseKind): Promise<boolean> {
  const database = await createDatabase(kind);
  const server = await ServerProcess.create({ databaseUrl: database.url, framesPerSecond: 200 });
  await server.start();
  try {
    const [greedy, peer] = [await register(server.url), await register(server.url)];
    const chat_id = await createChat(server.url, greedy, peer);
    for (let count = 0; count < 100; count++) await post(server.url, chat_id, peer);
    const writers = await Promise.all(Array.from({ length: PAIRS }, () => writerOn(server.url)));
    await measure(server.url, writers, peer, chat_id, 3);
    const alone = await measure(server.url, writers, peer, chat_id, SECONDS);
    const child = startGreedy(server.url, greedy, chat_id);
    const isOpen = await until(() => child.lastOutput.includes("all connections are open"), 30);
    if (!isOpen) throw new Error(child.lastOutput);
    const beside = await measure(server.url, writers, peer, chat_id, SECONDS);
    if (child.hasEnded) throw new Error(child.lastOutput);
    await child.end("SIGKILL");
    for (const { client } of writers) client.kill();
    const ratio = percentile(beside.acks, 0.99) / percentile(alone.acks, 0.99);
    print(kind, "alone", alone, "");
    print(kind, "beside", beside, ratio.toFixed(2));
    return ratio <= MAX_RATIO && Math.max(...beside.gets) <= MAX_GET_MS;
  } finally {
    await server.stop();
    await database.remove();
  }
}

interface Writer {
  readonly client: Client;
  readonly chat_id: number;
  readonly acks: number[];
}

/** Connects a user who writes to another one. `acks` receives the time of each ack. */
async function writerOn(url: string): Promise<Writer> {
  const [account, peer] = [await register(url), await register(url)];
  const chat_id = await createChat(url, account, peer);
  const acks: number[] = [];
  const client = new Client({
    ...{ account, chats: [chat_id], urlOf: () => url, random: Math.random },
    onNotice: (_, { type }) => {
      if (type === "sent") acks.push(performance.now());
    },
  });
  client.start();
  if (!(await until(() => client.isOnline, 30)))
    throw new Error("a client did not connect within 30 s");
  return { client, chat_id, acks };
}

async function measure(
  url: string,
  writers: readonly Writer[],
  reader: Account,
  chat_id: number,
  seconds: number,
): Promise<Measured> {
  const end = performance.now() + seconds * 1000;
  const acks: number[] = [];
  const gets: number[] = [];
  const write = async (writer: Writer) => {
    await delay(Math.random() * WRITE_EVERY_MS);
    while (performance.now() < end) {
      const before = writer.acks.length;
      const begun = performance.now();
      writer.client.write(writer.chat_id);
      await until(() => writer.acks.length > before, 60);
      acks.push((writer.acks[before] ?? performance.now()) - begun);
      await delay(WRITE_EVERY_MS);
    }
  };
  const paths = ["/openapi.json", "/health", "/users/me", "/chats", `/chats/${chat_id}/messages`];
  const get = async () => {
    for (let count = 0; performance.now() < end; count++) {
      const begun = performance.now();
      const headers = { authorization: `Bearer ${reader.access_token}` };
      const response = await fetch(`${url}${paths[count % paths.length]}`, { headers });
      await response.arrayBuffer();
      gets.push(performance.now() - begun);
      await delay(GET_EVERY_MS);
    }
  };
  await Promise.all([get(), ...writers.map(write)]);
  return { acks, gets };
}

function startGreedy(url: string, account: Account, chat_id: number): Child {
  const { user_id, access_token, session_key } = account;
  const options: GreedyOptions = {
    ...{ url, user_id, access_token, chat_id },
    session_key: Buffer.from(session_key).toString("hex"),
  };
  const program = fileURLToPath(new URL("greedy.ts", import.meta.url));
  const args = ["--import", import.meta.resolve("tsx"), program];
  const env = { ...process.env, GREEDY: JSON.stringify(options) };
  return new Child("the greedy user", process.execPath, args, { env });
}

/** Stores a message of 2 kB. */
async function post(url: string, chat_id: number, sender: Account): Promise<void> {
  const message = {
    ...{ chat_id, sender_id: sender.user_id, timestamp: Math.floor(Date.now() / 1000) },
    content: randomBytes(2048).toString("base64"),
    nonce: randomBytes(12).toString("base64"),
  };
  const response = await fetch(`${url}/chats/${chat_id}/messages`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${sender.access_token}`,
    },
    body: JSON.stringify(message),
  });
  if (!response.ok) throw new Error(`the server answered a message with ${response.status}`);
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function print(kind: DatabaseKind, name: string, { acks, gets }: Measured, ratio: string): void {
  const numbers = [percentile(acks, 0.5), percentile(acks, 0.99), Math.max(...acks)];
  const times = [...numbers, percentile(gets, 0.5), Math.max(...gets)].map((ms) => ms.toFixed(1));
  const load = loadavg()[0]!.toFixed(1);
  console.log(`| ${[kind, name, acks.length, ...times, ratio, load].join(" | ")} |`);
}

console.log(
  "| database | user | acks | p50 ms | p99 ms | max ms | GET p50 ms | GET max ms | p99 ratio | load |",
);
console.log(`|${" --- |".repeat(10)}`);
let isFair = await measureOn("sqlite");
if (await isPostgresAvailable()) isFair = (await measureOn("postgresql")) && isFair;
console.log(isFair ? "within the bounds" : `above ${MAX_RATIO}× or ${MAX_GET_MS} ms`);
process.exit(isFair ? 0 : 1);
