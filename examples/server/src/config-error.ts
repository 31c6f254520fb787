/** The environment says something that the server cannot work with. Its message says what to set. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
