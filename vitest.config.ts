import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Disks are made and mounted by programs of the administrator's folders, which not every PATH has.
    env: { PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin` },
    reporters: process.env.TEST_RESULTS ? ['default', ['json', { outputFile: process.env.TEST_RESULTS }]] : ['default'],
  },
});
