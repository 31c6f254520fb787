const INTERVAL_MS = 250;
const ERASE_LINE = "\r\u001b[2K";

/**
 * Shows the progress of slow work on standard error, and erases it at the end. Shows nothing if standard error is not a
 * terminal that can erase a line. `work` can report how much is done.
 */
export async function withProgress<Result>(
  what: string,
  work: (report: (done: string) => void) => Promise<Result>,
): Promise<Result> {
  const { stderr } = process;
  if (!stderr.isTTY || process.env.TERM === "dumb") return work(() => {});
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
