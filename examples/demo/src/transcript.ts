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
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads `ana: text` and `benito: text`, a line each. A line feed ends a line, and nothing else does. Throws TranscriptError. */
export function parseTranscript(bytes: Uint8Array): Line[] {
  const lines = splitLines(withoutByteOrderMark(bytes)).flatMap((line, at) => {
    const text = decodeLine(line, at + 1);
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
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT_BYTES) {
    throw new TranscriptError(
      `line ${number} has ${bytes} bytes of text: at most ${MAX_TEXT_BYTES} are allowed`,
    );
  }
  return { speaker: speaker as Speaker, text };
}

function decodeLine(line: Uint8Array, number: number): string {
  try {
    return decoder.decode(line);
  } catch {
    throw new TranscriptError(`line ${number} is not UTF-8: save the transcript as UTF-8`);
  }
}

function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? bytes.subarray(3) : bytes;
}

/** A carriage return belongs to the line's end only in a file where every line has one: elsewhere it is text. */
function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  const isFromWindows = lines.length > 0 && lines.every((line) => line.at(-1) === CARRIAGE_RETURN);
  const ended = isFromWindows ? lines.map((line) => line.subarray(0, -1)) : lines;
  return from < bytes.length ? [...ended, bytes.subarray(from)] : ended;
}
