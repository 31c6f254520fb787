import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours, unless their reader wants none (https://no-color.org). */
export function paint(style: Style, text: string): string {
  return process.env.NO_COLOR ? text : styleText(style, text, { validateStream: false });
}
