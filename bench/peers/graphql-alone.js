// graphql-js over rows in memory, behind node:http: the query is parsed, validated and executed, and nothing else is done.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { buildSchema, graphql } from 'graphql';

const schema = buildSchema(`
  type Query { course(id: ID!): Course }
  type Course { topics(first: Int): Topics! }
  type Topics { nodes: [Topic!]! }
  type Topic { videos(first: Int): Videos! }
  type Videos { nodes: [Video!]! }
  type Video { id: ID! title: String! durationSeconds: Float isLocked: Boolean! isPreview: Boolean! }
`);

/** The rows come as the body of a PUT: the answer of Lectern to the same query. */
let rootValue;

const server = createServer(async (request, response) => {
  const body = JSON.parse(await text(request));
  if (request.method === 'PUT') {
    rootValue = body;
    response.end('{}');
    return;
  }
  const { query, variables } = body;
  const answer = await graphql({ schema, source: query, rootValue, variableValues: variables });
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
});
server.listen(0, 'localhost', () => console.log(`http://localhost:${server.address().port}/graphql`));
