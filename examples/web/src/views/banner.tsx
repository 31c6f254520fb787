import { sentenceOf, type WhyNotConnected } from "lacre-client";
import type { Home } from "../model/home.js";

const NOT_CONNECTED: Readonly<Record<WhyNotConnected, string>> = {
  unreachable: "You are offline.",
  origin: sentenceOf("ERR_ORIGIN")!,
  "no socket":
    "The server answers, but does not let this page connect: a proxy in between may not forward WebSockets.",
  store: "This page does not connect while the browser cannot read or write its stored data.",
};

/** Shows one banner: a notice if there is one, else that there is no connection. */
export function Banner({ home }: { home: Home }) {
  const { isOnline, whyNotConnected, pending } = home;
  const notice = home.shownNotice.value;
  const waiting = pending.value;
  const isOffline = isOnline.value === false && notice === undefined;
  return (
    <div class="banners">
      <p class="banner offline" role="status">
        {isOffline &&
          `${NOT_CONNECTED[whyNotConnected.value]} ${
            waiting === 0
              ? "What you write is sent when you are back."
              : waiting === 1
                ? "1 message is waiting to be sent."
                : `${waiting} messages are waiting to be sent.`
          }`}
      </p>
      {notice !== undefined && (
        <p class="banner notice" role="alert">
          {notice.value}{" "}
          <button
            type="button"
            class="link"
            onClick={() => {
              notice.value = undefined;
            }}
          >
            Dismiss
          </button>
        </p>
      )}
    </div>
  );
}
