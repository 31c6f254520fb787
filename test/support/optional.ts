import { describe, it } from "vitest";

type Describe = (name: string, suite: () => void) => void;

/**
 * `describe` for a suite that needs something from outside the project. Where that is not found, the suite is skipped
 * aloud; with LACRE_REQUIRE_ALL in the environment, as in CI, its file fails instead.
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
