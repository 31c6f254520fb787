import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours a text, unless the user has set NO_COLOR (https://no-color.org). */
export function paint(style: Style, text: string): string {
  return process.env.NO_COLOR ? text : styleText(style, text, { validateStream: false });
}
