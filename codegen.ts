import type { CodegenConfig } from '@graphql-codegen/cli';

const common = {
  // Node resolves `.js` only, and `verbatimModuleSyntax` wants types imported as types.
  importExtension: '.js',
  useTypeImports: true,
  // An unlisted scalar fails the run, where the default would make it `any`.
  strictScalars: true,
  scalars: { ID: 'string', DateTime: 'string', SafeInt: 'number', Upload: 'unknown' },
} as const;

/** Typed documents: one `...Document` per operation in a `.graphql` file. Run it by `npm run codegen`. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  generates: {
    'tests/support/gql/': {
      documents: ['tests/support/operations/*.graphql'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: common,
    },
    'src/studio/gql/': {
      documents: ['src/studio/**/*.graphql'],
      preset: 'client',
      // Apollo Client masks fragments itself (`dataMasking`), with these types.
      presetConfig: { fragmentMasking: false },
      config: { ...common, customDirectives: { apolloUnmask: true }, inlineFragmentTypes: 'mask' },
    },
  },
};

export default config;
