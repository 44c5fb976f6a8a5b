import type { Readable } from 'node:stream';
import { GraphQLError, GraphQLScalarType } from 'graphql';

/** A file part of a multipart request, as far as the request describes it. */
export interface UploadedFile {
  /** The client's word; may be anything. */
  readonly filename: string;
  /** The client's word for the media type; may be empty or wrong. */
  readonly declaredType: string;
  readonly stream: Readable;
}

/**
 * A file that a request announced and that may not have arrived yet. Deliberately no promise: TypeGraphQL awaits
 * promises among the arguments before it calls the resolver, and two files that wait for each other never come.
 */
export class Upload {
  constructor(private readonly part: () => Promise<UploadedFile>) {}

  /** Waits for the part and opens it. Once only: the bytes go by a single time. Open all files of a field at once. */
  open(): Promise<UploadedFile> {
    return this.part();
  }
}

export const GraphQLUpload = new GraphQLScalarType<Upload, never>({
  name: 'Upload',
  description:
    'A file. Send the operation as a GraphQL multipart request with `null` in the place of each file and the file ' +
    'as a part of the form.',
  specifiedByURL: 'https://github.com/jaydenseric/graphql-multipart-request-spec',
  parseValue(value) {
    if (value instanceof Upload) return value;
    throw new GraphQLError('A file is sent as a part of a multipart request, not as a value.');
  },
  parseLiteral(node) {
    throw new GraphQLError('A file is given by a variable, not by a literal.', { nodes: node });
  },
  serialize() {
    throw new GraphQLError('Files are not sent back through this type.');
  },
});
