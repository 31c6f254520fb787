import { decodeLine, decodeText, NotUtf8Error } from "lacre-api/decode-text";

/** The users of the chat. */
export const speakers = ["ana", "benito"] as const;
export type Speaker = (typeof speakers)[number];

export interface Line {
  readonly speaker: Speaker;
  readonly text: string;
}

/** The transcript cannot be read or is invalid. The message names the line. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
}

/** Maximum length of a line's text in bytes. */
export const MAX_TEXT_BYTES = 102_400;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Parses lines of the form `ana: text` or `benito: text`. Only LF and CRLF end a line.
 *
 * @throws {TranscriptError} if a line has another form, no text, too much text or is not UTF-8, or if there are no lines.
 */
export function parseTranscript(bytes: Uint8Array): Line[] {
  const lines = splitLines(bytes).flatMap((line, at) => {
    const text = decode(line, at + 1);
    return /^[ \t]*$/.test(text) ? [] : [parseLine(text, at + 1)];
  });
  if (lines.length === 0) {
    throw new TranscriptError("the transcript has no lines: add lines such as `ana: hola`");
  }
  return lines;
}

function parseLine(line: string, number: number): Line {
  const [, speaker, text] = /^(ana|benito): ?(.*)$/su.exec(line) ?? [];
  if (speaker === undefined || text === undefined) {
    throw new TranscriptError(
      `line ${number} begins with ${JSON.stringify(line.slice(0, 40))}: write \`ana: text\` or \`benito: text\``,
    );
  }
  if (text.trim() === "") {
    throw new TranscriptError(
      `line ${number} has no text: add one or remove the line, as clients send no empty messages`,
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT_BYTES) {
    throw new TranscriptError(
      `line ${number} has ${bytes} bytes of text: shorten it to at most ${MAX_TEXT_BYTES}`,
    );
  }
  return { speaker: speaker as Speaker, text };
}

function decode(line: Uint8Array, number: number): string {
  try {
    return (number === 1 ? decodeText : decodeLine)(line, `line ${number} of the transcript`);
  } catch (error) {
    if (error instanceof NotUtf8Error) throw new TranscriptError(error.message);
    throw error;
  }
}

/** Splits the transcript at LF and CRLF, as the clients do. */
function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  if (from < bytes.length) lines.push(bytes.subarray(from));
  return lines.map((line) => (line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line));
}
