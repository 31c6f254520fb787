import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { BrowserName } from "../tools/browsers.js";
import { describeIn } from "./browsers.js";
import { Stage } from "./stage.js";
import { access } from "./stories/access.js";
import { away } from "./stories/away.js";
import { contacts } from "./stories/contacts.js";
import { details } from "./stories/details.js";
import { disappearing } from "./stories/disappearing.js";
import { hostile } from "./stories/hostile.js";
import { long } from "./stories/long.js";
import { passphrases } from "./stories/passphrases.js";
import { startedOver } from "./stories/started-over.js";
import { talking } from "./stories/talking.js";
import { trouble } from "./stories/trouble.js";

/** What the page does, in a real browser, before a real server. */
export function describePageIn(name: BrowserName): void {
  describeIn(name)(`the page in ${name}`, () => {
    const stage = new Stage();
    beforeAll(() => stage.open(name));
    afterAll(() => stage.close());
    // Of any test: nothing breaks the page's policy, opens a dialog, is loaded from elsewhere, or fails unseen.
    afterEach(async () => expect(await stage.leave()).toEqual([]));

    talking(stage);
    contacts(stage);
    long(stage);
    away(stage);
    disappearing(stage);
    hostile(stage);
    access(stage);
    passphrases(stage);
    startedOver(stage);
    trouble(stage);
    details(stage);
  });
}
