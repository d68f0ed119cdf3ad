// ESM-only packages which jest, running in CommonJS mode, has to transform.
const esmOnly = ['@kubernetes/client-node', 'openid-client', 'oauth4webapi', 'jose', 'socks-proxy-agent', 'agent-base'];

/** @type {import('jest').Config} */
const base = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.[cm]?[jt]s$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:${esmOnly.join('|')})/)`],
};

module.exports = {
  reporters: ['default', '<rootDir>/test/one-line-reporter.cjs'],
  projects: [
    { ...base, displayName: 'unit', roots: ['<rootDir>/test'], testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/faults/', '<rootDir>/test/lab/running/', '<rootDir>/test/e2e/'] },
    {
      ...base,
      displayName: 'lab',
      roots: ['<rootDir>/test/faults', '<rootDir>/test/lab/running'],
      globalSetup: '<rootDir>/test/faults/ground/start.ts',
      globalTeardown: '<rootDir>/test/faults/ground/stop.ts',
    },
    {
      ...base,
      displayName: 'e2e',
      roots: ['<rootDir>/test/e2e'],
      globalSetup: '<rootDir>/test/e2e/ground/start.ts',
      globalTeardown: '<rootDir>/test/faults/ground/stop.ts',
    },
  ],
};
