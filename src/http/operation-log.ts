import type { ApolloServerPlugin } from '@apollo/server';
import type { Telemetry } from '../telemetry.js';

/** How much of an operation's name is logged, in characters. Clients may send names of any length. */
const MAX_NAME = 100;

/** Adds the name and kind of the operation and the codes of its errors to the log line of the request. */
export function operationLog(telemetry: Telemetry): ApolloServerPlugin {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ operation, operationName }) {
          if (!operation) return;
          telemetry.note({
            kind: operation.operation,
            ...(typeof operationName === 'string' && { operation: operationName.slice(0, MAX_NAME) }),
          });
        },
        async willSendResponse({ response: { body } }) {
          const errors = body.kind === 'single' ? (body.singleResult.errors ?? []) : [];
          const codes = errors.map(({ extensions }) => String(extensions?.['code']));
          if (codes.length > 0) telemetry.note({ errors: [...new Set(codes)] });
        },
      };
    },
  };
}
