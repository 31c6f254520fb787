/** Why the demo cannot go on. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}
