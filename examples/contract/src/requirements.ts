/** Longest text of a requirement that a report quotes. S-19, with its table, is shorter. */
const MAX_LENGTH = 4000;

/** Returns the texts of the requirements in docs/PROTOCOL.md, each from its id to the next one, as lines. */
export function readRequirements(protocol: string): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of protocol.split("\n")) {
    const [, id] = /^\*\*([A-Z]\d?-\d+[a-z]?)\*\* /.exec(line) ?? [];
    if (id !== undefined) {
      current = [];
      texts.set(id, current);
    } else if (/^(#|```|<)/.test(line)) {
      current = undefined;
    }
    current?.push(line);
  }
  for (const [id, lines] of texts) texts.set(id, shortened(lines));
  return texts;
}

function shortened(lines: readonly string[]): string[] {
  return lines.join("\n").trim().slice(0, MAX_LENGTH).split("\n");
}
