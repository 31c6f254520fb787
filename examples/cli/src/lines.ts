import { decodeLine, decodeText } from "lacre-client/node";
import { CommandError } from "./command-error.js";

const LINE_FEED = 0x0a;
const INPUT = "standard input";

/**
 * Reads the lines of a stream of bytes. LF, CRLF and the end of the input end a line; U+2028 and a carriage return inside
 * a line are text. Drops a byte order mark at the beginning.
 *
 * @throws {NotUtf8Error} if a line is not UTF-8.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let begun: Uint8Array[] = [];
  let count = 0;
  const lineOf = () => {
    const bytes = Buffer.concat(begun);
    count += 1;
    const line = `line ${count} of ${INPUT}`;
    return (count === 1 ? decodeText : decodeLine)(bytes, line).replace(/\r$/, "");
  };
  for await (const chunk of read(chunks)) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      begun.push(chunk.subarray(from, end));
      yield lineOf();
      begun = [];
      from = end + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) yield lineOf();
}

/**
 * Reads a stream of bytes as one text, without its last line end and a byte order mark at its beginning.
 *
 * @throws {NotUtf8Error} if it is not UTF-8.
 */
export async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of read(chunks)) parts.push(chunk);
  return withLineFeeds(decodeText(Buffer.concat(parts), INPUT)).replace(/\n$/, "");
}

/** Writes each line end of a text as LF. A carriage return at the end of the text belongs to a line end that was cut off. */
export function withLineFeeds(text: string): string {
  return text.replace(/\r\n|\r$/g, "\n");
}

/** Returns whether a text is empty or only white space. Such a text is not sent. */
export function isBlank(text: string): boolean {
  return text.trim() === "";
}

/** Reads chunks. Reading fails, for example, if standard input is a directory or a closed terminal. */
async function* read(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw new CommandError(`the input cannot be read (${(error as Error).message})`);
  }
}
