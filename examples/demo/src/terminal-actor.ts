import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readLines } from "../../cli/src/lines.js";
import { Actor, type ReceivedMessage, type SentMessage } from "./actor.js";
import { CLI, startExample, stop } from "./child.js";
import type { Speaker } from "./transcript.js";

/** With the command-line client, in a process of its own. */
export class TerminalActor extends Actor {
  readonly seat = "at a terminal";
  readonly #process: ChildProcess;

  constructor(name: Speaker, peer: Speaker, args: readonly string[], env: NodeJS.ProcessEnv) {
    super(name);
    this.#process = startExample(CLI, [...args, "chat", peer, "--json"], env);
    this.#process.stderr!.on("data", (bytes) => this.#complain(String(bytes)));
    this.#process.on("exit", (code) => code && this.fail(`its client ended with code ${code}`));
    this.#process.stdin!.on("error", () => {});
    void this.#listen();
  }

  get process(): ChildProcess {
    return this.#process;
  }

  override async say(text: string): Promise<void> {
    const input = this.#process.stdin!;
    if (!input.write(`${text}\n`)) await Promise.race([once(input, "drain"), once(input, "close")]);
  }

  override stop(): Promise<void> {
    return stop(this.#process);
  }

  async #listen(): Promise<void> {
    for await (const line of readLines(this.#process.stdout!)) {
      this.#note(JSON.parse(line));
      this.emit("change");
    }
  }

  /** Node's own warnings are not the client's errors. */
  #complain(text: string): void {
    const lines = text.split("\n").filter((line) => !/^\(node:\d+\)|^\(Use `node --/.test(line));
    const complaint = lines.join("\n").trim();
    if (complaint !== "") this.fail(complaint);
  }

  #note(event: { readonly event: string } & Record<string, unknown>): void {
    if (event.event === "sent") this.sent.push(event as unknown as SentMessage);
    if (event.event === "message") this.received.push(event as unknown as ReceivedMessage);
    if (event.event === "read") this.readUpTo = Math.max(this.readUpTo, Number(event.seq));
    if (event.event === "error") this.fail(`${event.error_code}: ${event.error_message}`);
  }
}
