import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Forbids imports that match `groups` in `files`: one wall of the design (docs/adr/0001). */
const wall = (files, groups, message, allowTypeImports = false) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ group: groups, message, allowTypeImports }] }] },
});

const adapters = ['**/pd/**', '**/kubernetes/**', '**/pki/**', '@kubernetes/client-node', 'undici'];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.lab/', 'coverage/'] },
  js.configs.recommended,
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { module: 'writable', require: 'readonly', process: 'readonly' } } },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      // Optional chaining and defaults count as branches, so this is looser than it looks.
      complexity: ['error', 16],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', { selector: 'TSEnumDeclaration', message: 'Use a const object and a union type.' }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'max-lines': 'off', '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' }] },
  },
  wall(['src/workflows/**/*.ts'], [...adapters, '**/activities/**', '**/cli/**', '**/config.*', '**/client.*', '**/worker.*', 'node:*'], 'Workflows say what and when: they import no adapter. Types of activities may be imported as types.', true),
  wall(['src/tidb/**/*.ts'], [...adapters, '**/activities/**', '**/workflows/**', '**/cli/**', '**/config.*', '@temporalio/*'], 'src/tidb is pure knowledge: it imports no adapter and no engine.'),
  wall(['src/protocol/**/*.ts'], [...adapters, '**/activities/**', '**/workflows/**', '**/cli/**', '**/config.*', '@temporalio/worker', '@temporalio/activity', '@temporalio/client'], 'The protocol is shared by workflows and activities and imports neither side.'),
  wall(['src/pd/**/*.ts', 'src/pki/**/*.ts'], ['**/activities/**', '**/workflows/**', '**/kubernetes/**', '**/cli/**', '**/protocol/**', '**/config.*', '@temporalio/*'], 'pd and pki import nothing of ours but tidb and errors.'),
  wall(['src/kubernetes/**/*.ts'], ['**/activities/**', '**/workflows/**', '**/pd/**', '**/pki/**', '**/tidb/**', '**/cli/**', '**/protocol/**', '**/config.*', '@temporalio/*'], 'kubernetes imports nothing of ours but errors.'),
  wall(['src/activities/**/*.ts'], ['**/cli/**', '**/conductor/**', '**/workflow.*', '@temporalio/workflow'], 'Activities import contracts and plans, never workflows.'),
  wall(['src/cli/**/*.ts'], ['**/activities/**', '**/conductor/**', '**/workflow.*', '@temporalio/workflow', '@temporalio/worker'], 'The CLI stands on the client and the contracts.'),
  wall(['lab/**/*.ts'], ['**/src/**'], 'The lab imports nothing from src: a wrong idea there must not be repeated in its judge.'),
);
