import { DemoError } from "./demo-error.js";
import { fitted, type OutputFormat, type TextStream } from "./output-format.js";
import type { Line } from "./transcript.js";

/** How often the status of a step is written, in milliseconds: to a terminal, and to another output such as a file. */
const TERMINAL_MS = 1000;
const OTHER_OUTPUT_MS = 10_000;

/** Shows the current step while the demo runs, and limits the duration of each step. */
export class Progress {
  readonly #stream: TextStream;
  readonly #format: OutputFormat;
  #step = "";
  #start = 0;
  /** What the step waits for, or how much of it is done. */
  #detail = "";

  constructor(stream: TextStream, format: OutputFormat) {
    this.#stream = stream;
    this.#format = format;
  }

  /**
   * Runs one step and writes its duration.
   *
   * @throws {DemoError} if the step takes longer than `seconds`.
   */
  async step<Result>(name: string, seconds: number, work: () => Promise<Result>): Promise<Result> {
    this.#step = name;
    this.#start = performance.now();
    this.#detail = "";
    if (this.#stream.isTTY) this.#showStatus();
    const ticking = setInterval(
      () => this.#showStatus(),
      this.#stream.isTTY ? TERMINAL_MS : OTHER_OUTPUT_MS,
    );
    let timeout: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      const fail = () => reject(new DemoError(`${name}: not done after ${seconds} s`));
      timeout = setTimeout(fail, seconds * 1000);
    });
    try {
      const result = await Promise.race([work(), tooLong]);
      const took = ((performance.now() - this.#start) / 1000).toFixed(1);
      this.#write(`  ${name} … ${took} s`);
      return result;
    } finally {
      clearInterval(ticking);
      clearTimeout(timeout);
      this.#clear();
    }
  }

  /** Writes a line of the transcript. */
  line({ speaker, text }: Line, number: number, total: number): void {
    const head = `  ${String(number).padStart(5)}  ${speaker.padEnd(6)} `;
    const shown = fitted(text, this.#format.width - head.length);
    this.#write(`${head}${shown || this.#format.paint("dim", "(empty)")}`);
    this.#detail = `${number} of ${total}`;
  }

  /** Writes an event, such as an outage. */
  note(text: string): void {
    this.#write(this.#format.paint("yellow", fitted(`         ${text}`, this.#format.width)));
  }

  waitFor(what: string): void {
    this.#detail = what;
  }

  percent(done: number, total: number): void {
    this.#detail = `${Math.floor((100 * done) / total)} %`;
  }

  #showStatus(): void {
    const seconds = Math.floor((performance.now() - this.#start) / 1000);
    const detail = [...(seconds > 0 ? [`${seconds} s`] : []), this.#detail].filter(Boolean);
    const status = fitted(`  ${this.#step} … ${detail.join(", ")}`, this.#format.width);
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[K${status}`);
    else this.#stream.write(`${status}\n`);
  }

  #write(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
    if (this.#stream.isTTY) this.#showStatus();
  }

  #clear(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
  }
}
