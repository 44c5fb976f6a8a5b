// graphql-upload-minimal through Apollo, as its README has it.
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import { GraphQLUpload, graphqlUploadExpress } from 'graphql-upload-minimal';

const [, , folder] = process.argv;
let count = 0;

const typeDefs = 'scalar Upload type Query { ok: Boolean } type Mutation { upload(file: Upload!): Boolean }';
const resolvers = {
  Upload: GraphQLUpload,
  Mutation: {
    upload: async (_, { file }) => {
      const { createReadStream } = await file;
      const path = join(folder, String(count++));
      await pipeline(createReadStream(), createWriteStream(path));
      await unlink(path);
      return true;
    },
  },
};
const apollo = new ApolloServer({ typeDefs, resolvers });
await apollo.start();
const app = express();
app.use(
  '/graphql',
  graphqlUploadExpress({ maxFileSize: 2 ** 33, maxFiles: 10 }),
  express.json(),
  expressMiddleware(apollo),
);
const server = createServer(app);
server.listen(0, 'localhost', () => console.log(`http://localhost:${server.address().port}/graphql`));
