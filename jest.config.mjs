const project = (name, pattern, extra = {}) => ({
  displayName: name,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/jest-transform.mjs' },
  testMatch: [`<rootDir>/{libs,services,deploy,bench,docs}/**/${pattern}`],
  testPathIgnorePatterns: ['/node_modules/', '\\.(int|e2e|faults|containers)\\.test\\.ts$'].slice(
    0,
    name === 'unit' ? 2 : 1,
  ),
  modulePathIgnorePatterns: ['<rootDir>/.cache', '<rootDir>/.peyk'],
  ...extra,
})

/** `unit` is pure, `integration` starts brokers and stores, `e2e` the whole stack, `faults` the long fault suites,
 * `containers` the contract suites on real servers, where a Docker engine is there. */
export default {
  projects: [
    project('unit', '*.test.ts'),
    project('integration', '*.int.test.ts'),
    project('e2e', '*.e2e.test.ts'),
    project('faults', '*.faults.test.ts'),
    project('containers', '*.containers.test.ts'),
  ],
  testTimeout: 30_000,
  openHandlesTimeout: 2_000,
}
