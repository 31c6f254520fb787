import type * as z from "zod/mini";

/**
 * What is wrong with a value, in English: zod/mini has no messages of its own, and zod's English would be a twentieth of
 * a bundle. Given with every parse, it leaves the application's locale alone. It never says what the value is.
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
      // Their names are the sender's text.
      return "has fields that are not known";
    default:
      return "is not valid";
  }
};

function measured({ origin }: { readonly origin: string }): string {
  return /^(number|int|bigint|date)/.test(origin) ? "be" : "have a length of";
}
