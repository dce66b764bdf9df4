import { defineConfig } from 'vitest/config';
import SkipReporter from './test/support/skip-reporter.ts';

// Two projects: everything that computes runs in parallel, everything that starts real processes (test/e2e/) one file after the other,
// because those measure and share the machine's ports and cores.
// The grader on forty small servers, each with its delays and outages, takes ten minutes of its own: `npm run test:grade`.
const GRADE = process.env['KVCTL_TEST_GRADE'] ? [] : ['test/e2e/check-*.test.ts'];

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
          exclude: GRADE,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
