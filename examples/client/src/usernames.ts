/** Whether a server takes two names for one. */
export function isSameName(a: string, b: string): boolean {
  return comparableName(a) === comparableName(b);
}

/** What is the same for names that are. */
export function comparableName(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}
