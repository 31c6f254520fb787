import type { ContractCase } from "lacre/testing";

/** Returns the cases that match any of the words: a requirement (`S-11`), a section (`S`), or a part of the name. */
export function select(
  cases: readonly ContractCase[],
  words: readonly string[],
): readonly ContractCase[] {
  if (words.length === 0) return cases;
  return cases.filter((one) => words.some((word) => isMatch(one, word.toLowerCase())));
}

function isMatch({ requirement, name }: ContractCase, word: string): boolean {
  const [full, section] = [requirement.toLowerCase(), requirement.toLowerCase().split("-")[0]];
  if (/^[a-z]\d?(-\d+)?$/.test(word)) return word === full || word === section;
  return name.toLowerCase().includes(word);
}
