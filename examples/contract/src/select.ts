import type { ContractCase, ContractPart } from "lacre/testing";

interface Selection {
  /** A requirement (`S-11`), a section (`S`), or a part of a name. Without words all cases match. */
  readonly words: readonly string[];
  readonly part?: ContractPart | undefined;
}

/** Returns the cases of a part that match any of the words. */
export function select(
  cases: readonly ContractCase[],
  { words, part }: Selection,
): readonly ContractCase[] {
  return cases.filter(
    (one) =>
      (part === undefined || one.part === part) &&
      (words.length === 0 || words.some((word) => isMatch(one, word.toLowerCase()))),
  );
}

function isMatch({ requirement, name }: ContractCase, word: string): boolean {
  const [full, section] = [requirement.toLowerCase(), requirement.toLowerCase().split("-")[0]];
  if (/^[a-z]\d?(-\d+[a-z]?)?$/.test(word)) return word === full || word === section;
  return name.toLowerCase().includes(word);
}
