import type * as z from "zod/mini";

/**
 * Returns the English message of a zod issue. zod/mini has no messages, and zod's English locale would be a twentieth of a
 * bundle. It is passed to each parse, so that the application's locale does not change. No message contains the value.
 */
export const inEnglish: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be of type ${issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map(String).join(" or ")}`;
    case "too_small":
      return `must ${measured(issue)} ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `must ${measured(issue)} ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_format":
      return `must match ${issue.format === "regex" ? issue.pattern : issue.format}`;
    case "unrecognized_keys":
      // The message does not list the names, because the sender chose them.
      return "has unknown fields";
    default:
      return "is not valid";
  }
};

function measured({ origin }: { readonly origin: string }): string {
  return /^(number|int|bigint|date)/.test(origin) ? "be" : "have a length of";
}
