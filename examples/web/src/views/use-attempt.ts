import { useSignal } from "@preact/signals";

/** Returns a function that runs work, whether the work is running, and the text of its error. */
export function useAttempt(home: { explain(error: unknown): string }) {
  const isBusy = useSignal(false);
  const errorText = useSignal<string | undefined>(undefined);
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    isBusy.value = true;
    errorText.value = undefined;
    try {
      await work();
    } catch (error) {
      errorText.value = home.explain(error);
    } finally {
      isBusy.value = false;
    }
  };
  return { isBusy, errorText, attempt };
}
