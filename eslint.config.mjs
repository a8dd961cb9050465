import { globSync } from 'node:fs'

import js from '@eslint/js'
import importX from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

const tests = [
  '**/*.test.ts',
  '**/*.contract.ts',
  '**/src/testing/**',
  'deploy/local/e2e/**',
  'libs/testing/**',
]

/** What a workspace imports, its own package.json declares; development tools stand in the root's. */
const declared = ['deploy/package.json']
  .concat(
    globSync('{libs,services,deploy}/*/package.json'),
    'services/gateway/dashboard/package.json',
    'bench/package.json',
  )
  .map((file) => {
    const folder = file.replace('/package.json', '')
    return {
      files: [`${folder}/**/*.{ts,tsx}`],
      rules: {
        'import-x/no-extraneous-dependencies': [
          'error',
          {
            packageDir: [import.meta.dirname, `${import.meta.dirname}/${folder}`],
            devDependencies: [...tests, 'bench/**', '**/vite.config.ts'],
          },
        ],
      },
    }
  })

export default tseslint.config(
  { ignores: ['**/node_modules/**', '.cache/**', '.peyk/**', 'coverage/**', '**/dist/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    rules: {
      'no-console': 'error',
      complexity: ['error', { max: 12, variant: 'modified' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
    },
  },
  ...declared,
  {
    files: tests,
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly' },
    },
  },
  { files: ['tools/**', 'deploy/*/src/**', 'bench/**'], rules: { 'no-console': 'off' } },
)
