/** Parts of zxcvbn-ts's packages, whose entry points are twice as large. */
declare module "@zxcvbn-ts/language-common/dist/adjacencyGraphs.json.mjs" {
  const graphs: typeof import("@zxcvbn-ts/language-common").adjacencyGraphs;
  export default graphs;
}

declare module "@zxcvbn-ts/*.json.mjs" {
  /** The most common one first. */
  const words: string[];
  export default words;
}
