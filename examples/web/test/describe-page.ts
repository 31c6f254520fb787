import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { isShortened } from "../../../test/support/runs.js";
import type { BrowserName } from "../tools/browsers.js";
import { describeInBrowser } from "./browsers.js";
import { PageFixture } from "./fixture.js";
import { describeAccessibility } from "./stories/accessibility.js";
import { describeAttacks } from "./stories/attacks.js";
import { describeChatting } from "./stories/chatting.js";
import { describeContacts } from "./stories/contacts.js";
import { describeDisappearing } from "./stories/disappearing.js";
import { describeFailures } from "./stories/failures.js";
import { describeGroups } from "./stories/groups.js";
import { describeLongChats } from "./stories/long-chats.js";
import { describeMessageDetails } from "./stories/message-details.js";
import { describeOffline } from "./stories/offline.js";
import { describePassphrases } from "./stories/passphrases.js";
import { describeStartedOver } from "./stories/started-over.js";

/** Runs all stories with the built page in a browser, against a server in its own process. */
export function describePage(name: BrowserName): void {
  describeInBrowser(name)(`the page in ${name}`, () => {
    const fixture = new PageFixture();
    beforeAll(() => fixture.start(name));
    afterAll(() => fixture.stop());
    // In every test: no policy violation, no browser dialog, no request to another origin, no uncaught error.
    afterEach(async () => expect(await fixture.closeUsers()).toEqual([]));

    describeChatting(fixture);
    describeOffline(fixture);
    // On one machine in CI, Firefox runs these only.
    if (name === "firefox" && isShortened) return;
    describeContacts(fixture);
    describeLongChats(fixture);
    describeDisappearing(fixture);
    describeAttacks(fixture);
    describeAccessibility(fixture);
    describePassphrases(fixture);
    describeStartedOver(fixture);
    describeFailures(fixture);
    describeMessageDetails(fixture);
    describeGroups(fixture);
  });
}
