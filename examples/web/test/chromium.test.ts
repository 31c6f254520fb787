import { describePageIn } from "./page-in.js";

describePageIn("chromium");
