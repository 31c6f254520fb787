import { describePage } from "./describe-page.js";

describePage("firefox");
