/** The demo cannot continue. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}
