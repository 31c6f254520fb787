import type { ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readLines } from "../../cli/src/lines.js";
import { startExample } from "./child.js";
import type { Speaker } from "./transcript.js";

export interface SentMessage {
  readonly client_id: string;
  readonly seq: number;
  readonly text: string;
}

export interface ReceivedMessage {
  readonly seq: number;
  readonly from: string;
  readonly text: string;
}

/** One of the two: a command-line client in a process of its own, and what it told us. */
export class Actor extends EventEmitter<{ change: [] }> {
  readonly name: Speaker;
  readonly sent: SentMessage[] = [];
  readonly received: ReceivedMessage[] = [];
  readonly errors: string[] = [];
  isOnline = false;
  timesOffline = 0;
  /** The seq up to which the other has read. */
  readUpTo = 0;
  readonly #process: ChildProcess;

  constructor(name: Speaker, peer: Speaker, args: readonly string[], env: NodeJS.ProcessEnv) {
    super();
    this.name = name;
    this.#process = startExample("cli", [...args, "chat", peer, "--json"], env);
    this.#process.stderr!.on("data", (bytes) => this.#fail(String(bytes).trim()));
    this.#process.on("exit", (code) => code && this.#fail(`its client ended with code ${code}`));
    this.#process.stdin!.on("error", () => {});
    void this.#listen();
  }

  get process(): ChildProcess {
    return this.#process;
  }

  /** Types a line, as fast as the client reads. */
  async say(text: string): Promise<void> {
    const input = this.#process.stdin!;
    if (!input.write(`${text}\n`)) await Promise.race([once(input, "drain"), once(input, "close")]);
  }

  async #listen(): Promise<void> {
    for await (const line of readLines(this.#process.stdout!)) {
      this.#note(JSON.parse(line));
      this.emit("change");
    }
  }

  #note(event: { readonly event: string } & Record<string, unknown>): void {
    if (event.event === "online") this.isOnline = true;
    if (event.event === "offline") {
      this.isOnline = false;
      this.timesOffline += 1;
    }
    if (event.event === "sent") this.sent.push(event as unknown as SentMessage);
    if (event.event === "message") this.received.push(event as unknown as ReceivedMessage);
    if (event.event === "read") this.readUpTo = Math.max(this.readUpTo, Number(event.seq));
    if (event.event === "error") this.#fail(`${event.error_code}: ${event.error_message}`);
  }

  #fail(message: string): void {
    this.errors.push(message);
    this.emit("change");
  }
}
