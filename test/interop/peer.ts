import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describeIf } from "../support/optional.js";

/** Debian's, for which it has the packages: another python3 may come first on the path. */
export const PYTHON = process.env.LACRE_PYTHON ?? "/usr/bin/python3";
const PROGRAM = fileURLToPath(new URL("peer.py", import.meta.url));

/** `describe` for suites that talk to the Python peer. */
export const describeWithPython = describeIf(
  spawnSync(PYTHON, ["-c", "import msgpack, cryptography"]).status === 0,
  `${PYTHON} with its packages: apt-get install python3-msgpack python3-cryptography`,
);

/** A number that Python sees as a float even where it is integral: `float(5)` is its 5.0. */
export class Float {
  constructor(readonly value: number) {}
}
export const float = (value: number) => new Float(value);

/** A Python process running peer.py. Each call is an operation of that program, by its name. */
export class Peer {
  readonly #process: ChildProcess;
  readonly #waiting: { resolve(answer: string): void; reject(error: Error): void }[] = [];

  constructor() {
    this.#process = spawn(PYTHON, [PROGRAM], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: this.#process.stdout! });
    lines.on("line", (line) => this.#waiting.shift()!.resolve(line));
    this.#process.on("exit", (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`peer.py exited with ${code}`));
    });
  }

  /** The operation's result. Rejects with the Python exception's text. */
  async call<Result>(op: string, args: object): Promise<Result> {
    const answer = new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.#process.stdin!.write(`${JSON.stringify(tagged({ op, ...args }))}\n`);
    const { ok, error } = untagged(JSON.parse(await answer)) as { ok: Result; error?: string };
    if (error !== undefined) throw new Error(error);
    return ok;
  }

  stop(): void {
    this.#process.stdin!.end();
  }
}

/** JSON in which Python can tell floats, bytes, large integers, and the order of a Map's keys. */
function tagged(value: unknown): unknown {
  if (value instanceof Float) return { $float: String(value.value) };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Map) return { $map: [...value].map(([key, item]) => [key, tagged(item)]) };
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, tagged(item)]));
  }
  if (typeof value === "bigint") return { $int: String(value) };
  if (typeof value !== "number") return value;
  if (Object.is(value, -0)) return { $float: "-0.0" };
  return Number.isSafeInteger(value) ? value : { $float: String(value) };
}

function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== "object" || value === null) return value;
  const { $float, $bytes } = value as { $float?: string; $bytes?: string };
  if ($float !== undefined) return Number($float.replace("inf", "Infinity"));
  if ($bytes !== undefined) return new Uint8Array(Buffer.from($bytes, "base64"));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, untagged(item)]));
}
