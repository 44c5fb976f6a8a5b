/** The package has its types in comments only, which TypeScript does not read in node_modules. */
declare module 'apollo-upload-client/UploadHttpLink.mjs' {
  import type { ApolloLink } from '@apollo/client';

  interface UploadHttpLinkOptions {
    readonly uri: string;
    readonly headers?: Readonly<Record<string, string>>;
  }

  const UploadHttpLink: new (options: UploadHttpLinkOptions) => ApolloLink;
  export default UploadHttpLink;
}
