import type { Readable } from 'node:stream';
import { GraphQLError, GraphQLScalarType } from 'graphql';

/** A file of a multipart request. */
export interface UploadedFile {
  /** The name that the client sent. Not checked. */
  readonly filename: string;
  /** The media type that the client sent. May be empty or wrong. */
  readonly declaredType: string;
  readonly stream: Readable;
  /** True when nobody but the reader of the stream reads its chunks. */
  readonly ownsChunks: boolean;
}

/**
 * A file of a request, which may not have arrived yet. This is not a promise, because TypeGraphQL awaits promises in the
 * arguments before it calls the resolver. With two files, each would wait until the other was read.
 */
export class Upload {
  constructor(private readonly part: () => Promise<UploadedFile>) {}

  /** Waits for the part and opens it. Call it once: the bytes can be read only once. Open all files of a field together. */
  open(): Promise<UploadedFile> {
    return this.part();
  }
}

export const GraphQLUpload = new GraphQLScalarType<Upload, never>({
  name: 'Upload',
  description:
    'A file. Send the operation as a GraphQL multipart request, with `null` in the variables for each file, and the ' +
    'file as a part of the form.',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  parseValue(value) {
    if (value instanceof Upload) return value;
    throw new GraphQLError('Send a file as a part of a multipart request, not as a value.');
  },
  parseLiteral(node) {
    throw new GraphQLError('A file must be a variable, not a literal.', { nodes: node });
  },
  serialize() {
    throw new GraphQLError('The type Upload cannot be returned.');
  },
});
