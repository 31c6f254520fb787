import { Card } from "./page.js";

/** Shown if the page was loaded over HTTP, as browsers then offer no WebCrypto and no service worker. */
export function Insecure() {
  const { hostname, port, pathname } = location;
  return (
    <Card title="This page needs HTTPS">
      <p role="alert">
        Lacre encrypts your messages in the browser. Browsers allow that only on a page that was
        loaded over HTTPS, because an attacker on the network can change any other page.
      </p>
      <p>
        Open <a href={`https://${hostname}${pathname}`}>https://{hostname}</a> instead. If that does
        not work, ask the server’s operator to set up HTTPS.
      </p>
      <p class="hint">
        On the computer that the server runs on, http://localhost{port && `:${port}`} works too.
      </p>
    </Card>
  );
}
