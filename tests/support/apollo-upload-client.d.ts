declare module 'apollo-upload-client/UploadHttpLink.mjs' {
  import { HttpLink } from '@apollo/client';
  export default class UploadHttpLink extends HttpLink {}
}
