import type { ContractCase } from "lacre/testing";

/** The cases that a word names: a requirement (`S-11`), a section (`S`), or some text of their names. */
export function select(
  cases: readonly ContractCase[],
  words: readonly string[],
): readonly ContractCase[] {
  if (words.length === 0) return cases;
  return cases.filter((one) => words.some((word) => isMeant(one, word.toLowerCase())));
}

function isMeant({ requirement, name }: ContractCase, word: string): boolean {
  const [full, section] = [requirement.toLowerCase(), requirement.toLowerCase().split("-")[0]];
  if (/^[a-z]\d?(-\d+)?$/.test(word)) return word === full || word === section;
  return name.toLowerCase().includes(word);
}
