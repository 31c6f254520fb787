import type { ComponentChildren, RefObject } from "preact";

interface DialogProps {
  readonly title: string;
  readonly id: string;
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly children: ComponentChildren;
}

/** The browser keeps the focus in it, closes it on Escape, and gives the focus back. */
export function Dialog({ title, id, dialog, children }: DialogProps) {
  return (
    <dialog ref={dialog} aria-labelledby={id}>
      <form method="dialog" class="fields">
        <h2 id={id}>{title}</h2>
        {children}
        <button type="submit">Done</button>
      </form>
    </dialog>
  );
}
