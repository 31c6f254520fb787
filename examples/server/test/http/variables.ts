/** Returns the names of all variables that `read` reads from the environment. */
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
