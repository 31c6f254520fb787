import type { ContractFault, ContractReport, ContractResult } from "lacre/testing";

/** A finished run, and the texts of the requirements by their ids. */
export interface Run extends ContractReport {
  readonly url: string;
  readonly seconds: number;
  readonly requirements: ReadonlyMap<string, readonly string[]>;
}

/** Number of names of dependent cases that a text lists. */
const MAX_NAMES = 10;

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly notRun: number;
}

function countsOf({ results, faults }: ContractReport): Counts {
  const count = (outcome: ContractResult["outcome"]) =>
    results.filter((result) => result.outcome === outcome).length;
  return { passed: count("passed"), failed: faults.length, notRun: count("not run") };
}

/** Returns the name of a fault: its requirement, and the case or the step. */
function titleOf({ requirement, name }: Pick<ContractFault, "requirement" | "name">): string {
  return requirement === undefined ? name : `${requirement}: ${name}`;
}

/** Formats each fault once, with what was sent and received. */
export function asText(run: Run): string {
  const { url, results, faults, seconds } = run;
  const { passed, failed, notRun } = countsOf(run);
  const others = failed === 0 ? "" : `; faults: ${failed}; not run: ${notRun}`;
  const summary = `${passed} of ${results.length} cases passed${others}`;
  const lines = faults.flatMap((fault) => [titleOf(fault), ...detailsOf(fault, run), ""]);
  return [...lines, `${url}: ${summary}, in ${seconds.toFixed(1)} s`, ""].join("\n");
}

/** Returns the lines about a fault below its title. */
function detailsOf({ requirement = "", failure, notRun }: ContractFault, run: Run): string[] {
  const text = run.requirements.get(requirement);
  const quoted = text?.map((line) => `    > ${line}`.trimEnd()) ?? [];
  const shown = notRun.slice(0, MAX_NAMES);
  const left = notRun.length - shown.length;
  return [
    ...(text === undefined ? [] : ["  required by docs/PROTOCOL.md:", ...quoted]),
    `  expected ${failure.expected}`,
    `  received ${failure.received}`,
    ...(failure.exchange.length === 0 ? [] : ["  exchange:"]),
    ...failure.exchange.map((line) => `    ${line}`),
    ...(notRun.length === 0 ? [] : [`  not run, because they depend on it: ${notRun.length}`]),
    ...shown.map((name) => `    ${name}`),
    ...(left === 0 ? [] : [`    … ${left} more, which --json lists`]),
  ];
}

export function asJson(run: Run): string {
  const { url, seconds, results, faults, requirements } = run;
  const { passed, failed, notRun } = countsOf(run);
  const report = {
    ...{ url, passed, failed, not_run: notRun, seconds },
    faults: faults.map(({ requirement, name, failure, notRun: dependents }) => ({
      ...{ requirement, name },
      requirement_text: requirements.get(requirement ?? "")?.join("\n"),
      expected: failure.expected,
      received: failure.received,
      exchange: failure.exchange,
      not_run: dependents,
    })),
    results: results.map(({ failure: _, fault, ...result }) => ({
      ...result,
      ...(fault && { depends_on: titleOf(fault) }),
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Formats results as JUnit XML for CI systems, with the requirement as the class name. A failed step is a test case too. */
export function asJUnit(run: Run): string {
  const { url, results, faults, seconds } = run;
  const { failed, notRun } = countsOf(run);
  const names = new Set(results.map(({ name }) => name));
  const steps = faults.filter(({ name }) => !names.has(name));
  const cases = [
    ...results.map((result) => {
      const { fault, outcome } = result;
      const own = faults.find(({ name }) => name === result.name);
      const skipped = `<skipped message="${xml(`depends on ${fault && titleOf(fault)}`)}"/>`;
      return testCase(result, outcome === "not run" ? skipped : own && failureOf(own, run));
    }),
    ...steps.map((fault) => testCase({ ...fault, seconds: 0 }, failureOf(fault, run))),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${xml(`the contract at ${url}`)}" tests="${cases.length}" failures="${failed}" skipped="${notRun}" time="${seconds.toFixed(3)}">`,
    ...cases,
    "</testsuite>",
    "",
  ].join("\n");
}

function testCase(
  { requirement, name, seconds }: Pick<ContractFault, "requirement" | "name"> & { seconds: number },
  content = "",
): string {
  const className = `lacre.contract.${requirement ?? "users"}`;
  const attributes = `classname="${className}" name="${xml(name)}" time="${seconds}"`;
  return content === ""
    ? `  <testcase ${attributes}/>`
    : `  <testcase ${attributes}>${content}</testcase>`;
}

function failureOf(fault: ContractFault, run: Run): string {
  const { expected, received } = fault.failure;
  const message = xml(`expected ${expected}; received ${received}`);
  const details = detailsOf(fault, run).map(xml).join("\n");
  return `<failure message="${message}">\n${details}\n  </failure>`;
}

/** Escapes a text for XML. Replaces characters that XML forbids even as references, such as control characters. */
function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[^\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}");
}
