import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Example {
  readonly name: string;
  readonly file: string;
  readonly code: string;
}

const entries = {
  lacre: "lacre",
  "lacre/e2e": "lacre-e2e",
  "lacre/mls": "lacre-mls",
  "lacre/session": "lacre-session",
  "lacre/client": "lacre-client",
  "lacre/client/indexeddb": "lacre-client-indexeddb",
  "lacre/client/mls": "lacre-client-mls",
  "lacre/client/node": "lacre-client-node",
  "lacre/server": "lacre-server",
  "lacre/testing": "lacre-testing",
  "lacre/testing/generators": "lacre-testing-generators",
};

/**
 * Returns the examples in the doc comments of src/, each as a module that runs it. A module imports names from prelude.ts and
 * from the package's entries, which the reports in docs/api/ list.
 */
export function examplesOfDocComments(root: string): Example[] {
  const prelude = namesIn(join(root, "test/docs/prelude.ts"));
  const sources: [from: string, names: string[]][] = [
    ["./prelude.mjs", prelude],
    ...Object.entries(entries).map(([entry, report]): [string, string[]] => [
      entry,
      namesIn(join(root, `docs/api/${report}.api.md`)),
    ]),
  ];
  const without = (name: string) => prelude.filter((one) => one !== name);
  const withPrelude = (names: string[]): typeof sources => [
    ["./prelude.mjs", names],
    ...sources.slice(1),
  ];
  // In lacre/e2e, `key` is the key of a chat. Beside the fields, `bytes` is one of them.
  const sourcesOf = (file: string) => {
    if (file.startsWith("e2e/")) return withPrelude([...without("key"), "chatKey as key"]);
    return file === "messages/fields.ts" ? withPrelude(without("bytes")) : sources;
  };
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, "src", file), "utf8");
      const blocks = [...text.matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms)];
      return blocks.map(([, block], at) => {
        const code = block!.replaceAll(/^ *\* ?/gm, "");
        const head = importsFor(code, sourcesOf(file)).join("\n");
        return {
          name: `src/${file}, example ${at + 1}`,
          file: `src-${file.replaceAll(/\W/g, "-")}-${at + 1}.mts`,
          code: `${head}\nexport async function example() {\n${code}}\nawait example();\n`,
        };
      });
    });
}

function namesIn(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const exported = /^export (?:declare |abstract )*(?:const|class|function|interface|type) (\w+)/gm;
  const bound = /^export const (?:\{ ([^}]+) \}|\[([^\]]+)\])/gm;
  const again = /^export \{ (?:default as )?(\w+) \}/gm;
  return [
    ...[...text.matchAll(exported), ...text.matchAll(again)].map(([, name]) => name!),
    ...[...text.matchAll(bound)].flatMap(([, a, b]) => (a ?? b)!.split(", ")),
  ];
}

function importsFor(code: string, sources: readonly [string, string[]][]): string[] {
  const wanted = new Set(code.match(/\b[\w$]+\b/g));
  const lines = sources.map(([from, names]) => {
    const found = [...new Set(names)].filter((name) => wanted.delete(name.split(" ").at(-1)!));
    return `import { ${found.join(", ")} } from "${from}";`;
  });
  return code.includes("z.") ? [...lines, 'import * as z from "zod/mini";'] : lines;
}
