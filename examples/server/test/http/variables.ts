/** The names of all variables that a reader of the environment asks for. */
export function variablesOf(read: (env: NodeJS.ProcessEnv) => unknown): string[] {
  const names = new Set<string>();
  read(
    new Proxy<NodeJS.ProcessEnv>(
      {},
      {
        get: (_, name) => {
          names.add(String(name));
          return undefined;
        },
      },
    ),
  );
  return [...names];
}
