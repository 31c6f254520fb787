import { readFileSync } from "node:fs";

/** The hex blocks of docs/PROTOCOL.md by their names, each without its white space. */
export function workedExamples(): Record<string, string> {
  const text = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
  const blocks = text.matchAll(/```hex (\S+)\n(.*?)```/gs);
  return Object.fromEntries([...blocks].map(([, name, hex]) => [name, hex!.replace(/\s/g, "")]));
}
