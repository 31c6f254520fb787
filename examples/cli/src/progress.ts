const INTERVAL_MS = 250;
const ERASE_LINE = "\r\u001b[2K";

/** Something that takes its time. Says so on a terminal's standard error, and leaves nothing there. */
export async function withProgress<Result>(
  what: string,
  work: (report: (done: string) => void) => Promise<Result>,
): Promise<Result> {
  const { stderr } = process;
  if (!stderr.isTTY) return work(() => {});
  let done = "";
  const begun = Date.now();
  const show = () => {
    const seconds = Math.round((Date.now() - begun) / 1000);
    stderr.write(`${ERASE_LINE}${what}… ${done}${seconds > 1 ? ` ${seconds} s` : ""}`);
  };
  show();
  const showing = setInterval(show, INTERVAL_MS);
  try {
    return await work((report) => {
      done = report;
    });
  } finally {
    clearInterval(showing);
    stderr.write(ERASE_LINE);
  }
}
