import { DemoError } from "./demo-error.js";

/** Tells the one who waits what is going on, and knows it when something goes wrong. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #step = "starting";
  #lastTenth = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Does one step, which has so many seconds for it, and says how long it took. */
  async step<Result>(name: string, seconds: number, work: () => Promise<Result>): Promise<Result> {
    this.#step = name;
    this.#lastTenth = 0;
    this.#show(name);
    const start = performance.now();
    let patience: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      const fail = () => reject(new DemoError(`${name}: not done after ${seconds} s`));
      patience = setTimeout(fail, seconds * 1000);
    });
    try {
      const result = await Promise.race([work(), tooLong]);
      const took = ((performance.now() - start) / 1000).toFixed(1);
      this.#end(`  ${name} … ${took} s`);
      return result;
    } finally {
      clearTimeout(patience);
    }
  }

  /** How far the step has come: on a terminal at once, elsewhere by tenths. */
  count(done: number, total: number): void {
    const tenth = Math.floor((done / total) * 10);
    if (!this.#stream.isTTY && (tenth === this.#lastTenth || total < 100)) return;
    this.#lastTenth = tenth;
    this.#show(`${this.#step} ${done}/${total}`);
  }

  #show(text: string): void {
    if (this.#stream.isTTY) this.#stream.write(`\r\u001b[K  ${text} …`);
    else if (this.#lastTenth > 0) this.#stream.write(`  ${text}\n`);
  }

  #end(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? "\r\u001b[K" : ""}${text}\n`);
  }
}
