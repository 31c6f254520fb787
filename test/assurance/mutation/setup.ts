import fc from "fast-check";

// Each mutant runs hundreds of tests. Properties stop after three seconds: most mutants fail at their first runs.
fc.configureGlobal({ interruptAfterTimeLimit: 3000 });
