import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Earlier } from "../model/conversation.js";

interface BeginningProps {
  readonly earlier: Earlier;
  readonly retryAt: number | undefined;
  readonly retry: () => void;
}

/** The line above the first loaded message. */
export function Beginning({ earlier, retryAt, retry }: BeginningProps) {
  if (retryAt !== undefined) return <Countdown until={retryAt} />;
  if (earlier === "unknown" || earlier === "loading") return <p class="beginning">Loading…</p>;
  if (earlier === "none") {
    return (
      <p class="beginning">This is the beginning. Only the two of you can read what follows.</p>
    );
  }
  if (earlier === "offline") {
    return (
      <p class="beginning">Earlier messages are on the server, which cannot be reached now.</p>
    );
  }
  const failure = earlier === "failed" ? "Earlier messages were not loaded. Try again" : undefined;
  return (
    <p class="beginning">
      <button type="button" class="link" onClick={retry}>
        {failure ?? "Load earlier messages"}
      </button>
    </p>
  );
}

function Countdown({ until }: { until: number }) {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(1, Math.ceil((until - now.value) / 1000));
  return (
    <p class="beginning">The server limits requests. Earlier messages are loaded in {seconds} s.</p>
  );
}
