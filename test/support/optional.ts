import { describe, it } from "vitest";

type Describe = (name: string, suite: () => void) => void;

/**
 * Returns `describe` for a suite that needs software from outside the project. If it is not found, the suite is skipped with a
 * warning. With LACRE_REQUIRE_ALL in the environment, as in CI, the file fails instead.
 */
export function describeIf(found: boolean, needs: string): Describe {
  if (found) return describe;
  const message = `needs ${needs}`;
  if (globalThis.process?.env.LACRE_REQUIRE_ALL) throw new Error(message);
  return (name) => {
    console.warn(`skipped: ${name} ${message}`);
    // The suite is not collected, because its collection may need the missing software.
    describe.skip(name, () => it(message, () => {}));
  };
}
