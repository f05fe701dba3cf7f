import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends a run with what was skipped and why. A test gives its reason in `context.skip('…')`, or in the
 * title of itself or of a suite around it: `(needs root)`, `(skipped: no engine answers)`. With CI set,
 * a skipped test fails the run.
 */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')].filter(isMeant));
    if (skipped.length === 0) return;
    const groups = Map.groupBy(
      skipped,
      (test) => `${test.project.name}, ${test.module.relativeModuleId}: ${reasonOf(test)}`,
    );
    console.log('\nSkipped on this machine:');
    for (const [group, tests] of groups)
      console.log(`  ${group} (${tests.length} ${tests.length === 1 ? 'test' : 'tests'})`);
    if (!isCi()) return;
    console.log('CI is set, and what is skipped there proves nothing: the run fails.');
    process.exitCode = 1;
  }
}

/** What a failed hook keeps from running is no skip, nor is what the caller's -t leaves out. */
function isMeant(test: TestCase): boolean {
  return test.options.mode !== 'run' && test.project.config.testNamePattern === undefined;
}

function isCi(): boolean {
  return !['', '0', 'false', undefined].includes(process.env['CI']);
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  const inTitle = /\((?:skipped: ([^()]+)|(needs [^()]+))\)/.exec(test.fullName);
  return note ?? inTitle?.[1] ?? inTitle?.[2] ?? `it gives no reason (${test.name})`;
}
