import { decodeLine, decodeText, NotUtf8Error } from "lacre-api/decode-text";

/** The two who talk. */
export const speakers = ["ana", "benito"] as const;
export type Speaker = (typeof speakers)[number];

export interface Line {
  readonly speaker: Speaker;
  readonly text: string;
}

/** A transcript that is not one, and where. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
}

/** Longest text of a line, in bytes. */
export const MAX_TEXT_BYTES = 102_400;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Reads `ana: text` and `benito: text`, a line each. LF or CRLF ends a line, and nothing else does. Throws TranscriptError. */
export function parseTranscript(bytes: Uint8Array): Line[] {
  const lines = splitLines(bytes).flatMap((line, at) => {
    const text = decode(line, at + 1);
    return /^[ \t]*$/.test(text) ? [] : [parseLine(text, at + 1)];
  });
  if (lines.length === 0) {
    throw new TranscriptError("the transcript has no lines: write some, like `ana: hola`");
  }
  return lines;
}

function parseLine(line: string, number: number): Line {
  const [, speaker, text] = /^(ana|benito): ?(.*)$/su.exec(line) ?? [];
  if (speaker === undefined || text === undefined) {
    throw new TranscriptError(
      `line ${number} is not of the form \`ana: text\` or \`benito: text\`: it begins ${JSON.stringify(line.slice(0, 40))}`,
    );
  }
  if (text.trim() === "") {
    throw new TranscriptError(`line ${number} has no text, and clients send no empty messages`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT_BYTES) {
    throw new TranscriptError(
      `line ${number} has ${bytes} bytes of text: at most ${MAX_TEXT_BYTES} are allowed`,
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

/** A line feed ends a line, with or without a carriage return before it, as in the clients. */
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
