// biome-ignore lint/suspicious/noExplicitAny: a fault may replace a function of any type
type AnyFunction = (...given: any[]) => any;
export type Replace = (original: AnyFunction) => AnyFunction;

/** A way in which a server breaks the contract. */
export interface Fault {
  /** Continues the sentence "the server …". */
  readonly name: string;
  /** Replacements for functions of the modules that the test mocks, by their names. */
  readonly functions?: Readonly<Record<string, Replace>>;
  /** Replacements for methods of the server's classes. */
  readonly methods?: readonly (readonly [prototype: object, name: string, replace: Replace])[];
  /** Whether to run the cases one after the other: in parallel, they would hide the fault or fail for another reason. */
  readonly isSequential?: boolean;
  /** The names of the cases that the suite reports as faults. */
  readonly failingCases: readonly string[];
  /** Whether most other cases depend on them. */
  readonly isFundamental?: boolean;
  /** The names of the cases that it reports as not run, because they depend on these. */
  readonly notRun?: readonly string[];
}
