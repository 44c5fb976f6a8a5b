import type { CodegenConfig } from '@graphql-codegen/cli';

/** Typed documents for the tests: one `...Document` per operation of tests/support/operations. Run it by `npm run codegen`. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: ['tests/support/operations/*.graphql'],
  generates: {
    'tests/support/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        // Node resolves `.js` only, and `verbatimModuleSyntax` wants types imported as types.
        importExtension: '.js',
        useTypeImports: true,
        // An unlisted scalar fails the run, where the default would make it `any`.
        strictScalars: true,
        scalars: { ID: 'string', DateTime: 'string', SafeInt: 'number', Upload: 'unknown' },
      },
    },
  },
};

export default config;
