// GraphQL Yoga, as its page on file uploads has it.
import { unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createSchema, createYoga } from 'graphql-yoga';

const [, , folder] = process.argv;
let count = 0;

const schema = createSchema({
  typeDefs: 'scalar File type Query { ok: Boolean } type Mutation { upload(file: File!): Boolean }',
  resolvers: {
    Mutation: {
      upload: async (_, { file }) => {
        const path = join(folder, String(count++));
        await writeFile(path, Buffer.from(await file.arrayBuffer()));
        await unlink(path);
        return true;
      },
    },
  },
});
const server = createServer(createYoga({ schema, logging: false, maxRequestBodySize: 2 ** 33 }));
server.listen(0, 'localhost', () => console.log(`http://localhost:${server.address().port}/graphql`));
