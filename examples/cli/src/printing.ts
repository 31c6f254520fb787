import { CommandError } from "./command-error.js";

/** Standard output or standard error cannot be written. */
export class OutputError extends CommandError {
  /** Whether the reader closed the stream, as `head` does. */
  readonly isClosed: boolean;

  constructor(name: string, { message, code }: NodeJS.ErrnoException) {
    super(`${name} cannot be written (${message})`);
    this.isClosed = code === "EPIPE";
  }
}

class OutputStream {
  readonly #name: string;
  readonly #stream: NodeJS.WriteStream;
  #failure: OutputError | undefined;

  constructor(name: string, stream: NodeJS.WriteStream) {
    this.#name = name;
    this.#stream = stream;
    // An error event without a listener would end the program.
    stream.on("error", (error) => this.#fail(error));
  }

  get failure(): OutputError | undefined {
    return this.#failure;
  }

  /** Resolves when the text is written. Rejects with OutputError, also for every text after a failure. */
  async write(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#stream.write(text, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      throw this.#fail(error as Error);
    }
  }

  #fail(error: NodeJS.ErrnoException): OutputError {
    this.#failure ??= new OutputError(this.#name, error);
    return this.#failure;
  }
}

const output = new OutputStream("standard output", process.stdout);
const errors = new OutputStream("standard error", process.stderr);

/** Prints a text and a line end on standard output. Rejects with OutputError. */
export function print(text: string): Promise<void> {
  return output.write(`${text}\n`);
}

/** Prints a text and a line end on standard error. A failure changes only the exit code. */
export async function note(text: string): Promise<void> {
  await errors.write(`${text}\n`).catch(() => {});
}

/** Returns the first error of standard output, or else of standard error. */
export function outputFailure(): OutputError | undefined {
  return output.failure ?? errors.failure;
}
