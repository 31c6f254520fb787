import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { installed, orSkip, root } from "../support/installed.js";

const { project: packed } = inject("packed");
const { peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const oldest: string = peerDependencies.zod.replace("^", "");

const program = `
  import { ChatMessage, MessageProtocol, SigningKey, bytes, defineMessage } from "lacre";
  import * as z from "zod";
  const key = SigningKey.from("shared by alice's client and the server");
  const Poll = defineMessage("poll", z.object({
    question: z.string().min(1),
    closes: z.codec(z.number(), z.date(), {
      decode: (seconds) => new Date(seconds * 1000),
      encode: (date) => date.getTime() / 1000,
    }),
    answer: z.union([z.object({ kind: z.literal("none") }), z.object({ kind: z.literal("one"), value: z.int() })]),
    picture: bytes({ max: 9 }),
    note: z.string().optional(),
  }));
  const poll = { question: "¿Vienes?", closes: new Date(0), answer: { kind: "one", value: 7 }, picture: Uint8Array.of(1, 2) };
  const text = { chat_id: 42, sender_id: 7, content: new Uint8Array(16), nonce: new Uint8Array(12), timestamp: 1.7e9 };
  const received = [1, 2].flatMap((wire) =>
    [[Poll, poll], [ChatMessage, text]].map(([definition, value]) =>
      definition.fromProtocol(MessageProtocol.open(definition.toProtocol(value, key, { wire }).toBytes(), { key }))),
  );
  const { error } = Poll.safeParse({ ...poll, question: "", closes: "tomorrow", picture: "?" });
  const isSame = JSON.stringify(received) === JSON.stringify([poll, text, poll, text]);
  console.log(JSON.stringify({ isSame, issues: error.issues.map(({ message }) => message) }));
`;

it("works with the oldest zod of its range", ({ skip }) => {
  const modules = orSkip(() => installed(`zod@${oldest}`), skip);
  const project = join(packed, "oldest-zod");
  mkdirSync(project);
  cpSync(join(packed, "node_modules"), join(project, "node_modules"), {
    recursive: true,
    filter: (path) => !path.endsWith("/zod"),
  });
  cpSync(join(modules, "zod"), join(project, "node_modules/zod"), { recursive: true });
  writeFileSync(join(project, "program.mjs"), program);
  const output = execFileSync(process.execPath, ["program.mjs"], {
    cwd: project,
    encoding: "utf8",
  });
  expect(JSON.parse(output)).toEqual({
    isSame: true,
    issues: [
      "must have a length of at least 1",
      "must be of type number",
      "must be canonical base64 text",
    ],
  });
});
