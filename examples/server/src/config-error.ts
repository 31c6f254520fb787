/** Thrown if the environment has an invalid value. The message says what to set. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
