import { signal } from "@preact/signals";

/** Whether the page is visible and has the focus. Only then are messages marked as read. */
export const isInFront = signal(hasFocus());
for (const type of ["focus", "blur", "visibilitychange", "pageshow"] as const) {
  addEventListener(type, () => {
    isInFront.value = hasFocus();
  });
}

function hasFocus(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
