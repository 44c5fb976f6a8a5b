import { GraphQLError, OperationTypeNode, type ValidationRule } from 'graphql';

/**
 * Refuses subscriptions where the schema has none. graphql-js validates them and fails only when it is to run one, as
 * if that were a defect of the server.
 */
export const noSubscriptions: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (node.operation !== OperationTypeNode.SUBSCRIPTION || context.getSchema().getSubscriptionType()) return;
    context.reportError(new GraphQLError('There are no subscriptions here.', { nodes: node }));
  },
});
