import { defineConfig } from 'vitest/config';
import SkipReporter from './test/support/skip-reporter.ts';

// Four projects, one after the other: everything that computes runs in parallel; what starts real processes (test/e2e/) two files at a
// time, because such a test waits more than it works; those of them that hold measured times against a model one file at a time, because
// they need the cores, with two tests at once where they wait for delays; and the grader's, which are made for busy machines, with four.
const e2e = (...names: string[]) => names.map((name) => `test/e2e/${name}.test.ts`);
const MEASURING = e2e('scenarios');
const GRADING = e2e('check-dialects', 'check-wrong-servers');

export default defineConfig({
  test: {
    reporters: ['default', new SkipReporter()],
    teardownTimeout: 30_000,
    slowTestThreshold: 2_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          maxWorkers: '100%',
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...MEASURING, ...GRADING],
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measuring',
          include: MEASURING,
          fileParallelism: false,
          maxConcurrency: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'grading',
          include: GRADING,
          fileParallelism: false,
          maxConcurrency: 4,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
