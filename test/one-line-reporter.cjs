/** Ends a run with one line that any CI can read: `N passed, N failed, N skipped`. At the exit, since jest's own summary comes after all reporters. */
module.exports = class OneLineReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.once('exit', () => process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests} skipped\n`));
  }
};
