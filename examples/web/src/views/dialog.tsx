import type { ComponentChildren, RefObject } from "preact";

interface DialogProps {
  readonly title: string;
  readonly id: string;
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly children: ComponentChildren;
}

/** A modal dialog. The browser keeps the focus in it, closes it on Escape, and then restores the focus. */
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
