import type { ApolloServerPlugin } from '@apollo/server';
import type { Telemetry } from '../telemetry.js';

/** A client may give an operation a name of any length. More of it, in characters, tells an operator nothing. */
const MAX_NAME = 100;

/** Notes name and kind of the operation and the codes of its errors for the line that a request ends with. */
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
