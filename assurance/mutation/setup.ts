import fc from "fast-check";

// A mutant is run against hundreds of tests: a property is given three seconds, as what kills a mutant mostly does at once.
fc.configureGlobal({ interruptAfterTimeLimit: 3000 });
