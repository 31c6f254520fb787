import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describeIf } from "../support/optional.js";

/** Debian's Python, because its packages are installed for it. The path may name another python3 first. */
export const PYTHON = process.env.LACRE_PYTHON ?? "/usr/bin/python3";
const PROGRAM = fileURLToPath(new URL("peer.py", import.meta.url));

/** `describe` for suites that use the Python peer. */
export const describeWithPython = describeIf(
  spawnSync(PYTHON, ["-c", "import msgpack, cryptography"]).status === 0,
  `${PYTHON} with its packages: apt-get install python3-msgpack python3-cryptography`,
);

/** A number that is a float in Python, even if it is integral: `float(5)` is 5.0. */
export class Float {
  constructor(readonly value: number) {}
}
export const float = (value: number) => new Float(value);

/** A Python process that runs peer.py. */
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

  /** Runs an operation of peer.py and returns its result. Rejects with the text of the Python exception. */
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

/** Converts a value to JSON that keeps floats, bytes, large integers and the order of a Map's keys for Python. */
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

/** Converts JSON of Python to a value: the inverse of `tagged`. */
function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== "object" || value === null) return value;
  const { $float, $bytes } = value as { $float?: string; $bytes?: string };
  if ($float !== undefined) return Number($float.replace("inf", "Infinity"));
  if ($bytes !== undefined) return new Uint8Array(Buffer.from($bytes, "base64"));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, untagged(item)]));
}
