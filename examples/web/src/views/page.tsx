import type { ComponentChildren } from "preact";
import type { App } from "../model/app.js";
import { HomePage } from "./home-page.js";
import { Logo, Unsent } from "./parts.js";
import { SignIn } from "./sign-in.js";

export function Page({ app }: { app: App }) {
  const screen = app.screen.value;
  switch (screen.name) {
    case "starting":
      return <Card title="Lacre" isBusy />;
    case "other tab":
      return (
        <Card title="Open in another tab">
          <p>
            You have Lacre open in another tab or window of this browser. Only one at a time can be
            active, so that your messages stay in order.
          </p>
          <button type="button" class="primary" onClick={screen.take}>
            Use it here
          </button>
        </Card>
      );
    case "stopped":
      return (
        <Card title="Lacre has stopped">
          <p role="alert">{screen.reason}</p>
          <Unsent texts={screen.unsent} />
          <button type="button" class="primary" onClick={() => location.reload()}>
            Try again
          </button>
        </Card>
      );
    case "erased":
      return (
        <Card title="This site’s data was cleared">
          <p role="alert">
            The browser has removed what it stored for this page, while the page was open: your
            sign-in, the keys of your chats, and messages that were not sent yet.
          </p>
          <p>
            Messages that were sent are on the server. Sign in again, and enter each chat’s
            passphrase to read them.
          </p>
          <Unsent texts={screen.unsent} />
          <button type="button" class="primary" onClick={() => location.reload()}>
            Sign in again
          </button>
        </Card>
      );
    case "signed out":
      return <SignIn app={app} reason={screen.reason} />;
    case "home":
      return <HomePage app={app} home={screen.home} />;
  }
}

interface CardProps {
  readonly title: string;
  readonly isBusy?: boolean;
  readonly children?: ComponentChildren;
}

/** A page with a title and a short text or form. */
export function Card({ title, isBusy = false, children }: CardProps) {
  return (
    <main class="card" aria-busy={isBusy}>
      <Logo size={56} />
      <h1>{title}</h1>
      {children}
    </main>
  );
}
