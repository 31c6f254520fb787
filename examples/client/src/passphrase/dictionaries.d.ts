/** Single files of the zxcvbn-ts packages, whose entry points are twice as large. */
declare module "@zxcvbn-ts/language-common/dist/adjacencyGraphs.json.mjs" {
  const graphs: typeof import("@zxcvbn-ts/language-common").adjacencyGraphs;
  export default graphs;
}

declare module "@zxcvbn-ts/*.json.mjs" {
  /** Words, most common first. */
  const words: string[];
  export default words;
}
