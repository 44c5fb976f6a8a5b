// The usual parts put together: Apollo Server on Express, as its documentation has it, with mongoose.
import { createServer } from 'node:http';
import process from 'node:process';
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import mongoose from 'mongoose';

const { Schema, model } = mongoose;
const courseSchema = new Schema({
  _id: String,
  title: String,
  description: String,
  level: String,
  status: String,
  createdAt: Date,
});
const Course = model('Course', courseSchema, 'courses');
await mongoose.connect(process.env.MONGODB_URI);

const typeDefs = `
  type Query { courses(first: Int): Courses! }
  type Courses { nodes: [Course!]! }
  type Course { id: ID! title: String! description: String level: String createdAt: String! }
`;
const resolvers = {
  Query: {
    courses: async (_, { first }) => {
      const nodes = await Course.find({ status: 'PUBLISHED' }).sort({ createdAt: -1, _id: -1 }).limit(first);
      return { nodes };
    },
  },
  Course: { createdAt: ({ createdAt }) => createdAt.toISOString() },
};
const apollo = new ApolloServer({ typeDefs, resolvers });
await apollo.start();
const app = express();
app.use('/graphql', express.json(), expressMiddleware(apollo));
const server = createServer(app);
server.listen(0, 'localhost', () => console.log(`http://localhost:${server.address().port}/graphql`));
