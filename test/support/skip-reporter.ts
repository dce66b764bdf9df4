// Lists at the end of a run every skipped test and why, so that a green summary does not hide what was not looked at.
import type { Reporter, TestModule } from 'vitest/node';

export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const note = result.state === 'skipped' ? result.note : undefined;
        lines.push(`  ${module.relativeModuleId} > ${test.fullName}: ${note ?? 'no reason given'}`);
      }
    }
    if (lines.length > 0) process.stdout.write(`\nSkipped ${lines.length}, and why:\n${lines.join('\n')}\n`);
  }
}
