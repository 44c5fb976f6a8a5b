import { GraphQLError, OperationTypeNode, type ValidationRule } from 'graphql';

/**
 * Refuses subscriptions when the schema has none. graphql-js accepts them in validation and fails when it runs one,
 * with an error that looks like a defect of the server.
 */
export const noSubscriptions: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (node.operation !== OperationTypeNode.SUBSCRIPTION || context.getSchema().getSubscriptionType()) return;
    context.reportError(new GraphQLError('There are no subscriptions here.', { nodes: node }));
  },
});
