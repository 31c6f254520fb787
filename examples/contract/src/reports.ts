import type { Result } from "./run.js";

/** Results of a finished run. */
export interface Run {
  readonly url: string;
  readonly results: readonly Result[];
  readonly seconds: number;
}

const isFailed = ({ failure }: Result) => failure !== undefined;

export function asText({ url, results, seconds }: Run): string {
  const failed = results.filter(isFailed);
  const lines = failed.flatMap(({ requirement, name, failure }) => [
    `${requirement}: ${name}`,
    `    expected ${failure!.expected}`,
    `    received ${failure!.received}`,
    "",
  ]);
  const passed = `${results.length - failed.length} of ${results.length} cases passed`;
  return [...lines, `${url}: ${passed}, in ${seconds.toFixed(1)} s`, ""].join("\n");
}

export function asJson({ url, results, seconds }: Run): string {
  const failed = results.filter(isFailed).length;
  const summary = { url, passed: results.length - failed, failed, seconds };
  return `${JSON.stringify({ ...summary, results }, null, 2)}\n`;
}

/** Formats results as JUnit XML for CI systems, with the requirement as the class name. */
export function asJUnit({ url, results, seconds }: Run): string {
  const failed = results.filter(isFailed).length;
  const cases = results.map(({ name, requirement, seconds, failure }) => {
    const attributes = `classname="lacre.contract.${requirement}" name="${xml(name)}" time="${seconds}"`;
    if (failure === undefined) return `  <testcase ${attributes}/>`;
    const message = xml(`expected ${failure.expected}; received ${failure.received}`);
    return `  <testcase ${attributes}><failure message="${message}"/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${xml(`the contract at ${url}`)}" tests="${results.length}" failures="${failed}" time="${seconds.toFixed(3)}">`,
    ...cases,
    "</testsuite>",
    "",
  ].join("\n");
}

/** Escapes a text for an attribute. Replaces characters that XML forbids even as references, such as control characters. */
function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[^\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}");
}
