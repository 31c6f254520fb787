import { signal } from "@preact/signals";

/** Whether the page is visible and has the focus: only then are messages read. */
export const isInFront = signal(look());
for (const type of ["focus", "blur", "visibilitychange", "pageshow"] as const) {
  addEventListener(type, () => {
    isInFront.value = look();
  });
}

function look(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
