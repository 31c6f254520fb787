import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readLines } from "../../cli/src/lines.js";
import { CLI, startExample, stop } from "./child.js";
import { Participant, type ReceivedMessage, type SentMessage } from "./participant.js";
import type { Speaker } from "./transcript.js";

/** A participant that uses the command-line client, in a process of its own. */
export class TerminalParticipant extends Participant {
  readonly client = "terminal client";
  readonly #process: ChildProcess;

  /** Starts `chat` with the arguments that say which chat: a user, or a group. */
  constructor(
    name: Speaker,
    chat: readonly string[],
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ) {
    super(name);
    this.#process = startExample(CLI, [...args, "chat", ...chat, "--json"], env);
    this.#process.stderr!.on("data", (bytes) => this.#failOnOutput(String(bytes)));
    this.#process.on("exit", (code) => code && this.fail(`its client ended with code ${code}`));
    this.#process.stdin!.on("error", () => {});
    void this.#readEvents();
  }

  get process(): ChildProcess {
    return this.#process;
  }

  override async send(text: string): Promise<void> {
    const input = this.#process.stdin!;
    if (!input.write(`${text}\n`)) await Promise.race([once(input, "drain"), once(input, "close")]);
  }

  override stop(): Promise<void> {
    return stop(this.#process);
  }

  /** Kills the client with SIGKILL, so that it cannot finish anything. */
  override async kill(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  async #readEvents(): Promise<void> {
    for await (const line of readLines(this.#process.stdout!)) {
      this.#record(JSON.parse(line));
      this.emit("change");
    }
  }

  /** Counts output on standard error as an error of the client, except warnings of Node itself. */
  #failOnOutput(text: string): void {
    const lines = text.split("\n").filter((line) => !/^\(node:\d+\)|^\(Use `node --/.test(line));
    const message = lines.join("\n").trim();
    if (message !== "") this.fail(message);
  }

  #record(event: { readonly event: string } & Record<string, unknown>): void {
    if (event.event === "ready") this.isReady = true;
    if (event.event === "sent") this.sent.push(event as unknown as SentMessage);
    if (event.event === "message") this.received.push(event as unknown as ReceivedMessage);
    if (event.event === "read") this.readUpTo = Math.max(this.readUpTo, Number(event.seq));
    if (event.event === "error") this.fail(`${event.error_code}: ${event.error_message}`);
  }
}
