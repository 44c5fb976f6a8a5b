import { CombinedGraphQLErrors, ServerError, ServerParseError } from '@apollo/client';
import { UploadError } from '../../upload-client/api.js';
import { words } from '../words.js';

interface Refusal {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly retryable?: boolean; readonly fields?: readonly string[] };
}

/** The first error in the server's response. Undefined when there was none, or when a proxy has answered. */
function refusalOf(error: unknown): Refusal | undefined {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0];
  if (!ServerError.is(error)) return undefined;
  try {
    return (JSON.parse(error.bodyText) as { errors?: Refusal[] }).errors?.[0];
  } catch {
    return undefined;
  }
}

/** The code of an error (docs/errors.md). Undefined when the server has not answered. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof UploadError ? error.code : refusalOf(error)?.extensions?.code;
}

/** The names of the input fields that an error is about, without the argument around them: `title`. */
export function fieldsOf(error: unknown): readonly string[] {
  return (refusalOf(error)?.extensions?.fields ?? []).map((path) => path.split('.').at(-1) ?? path);
}

/** One sentence for people. */
export function sentenceOf(error: unknown): string {
  const { errors } = words;
  if (error instanceof UploadError) return error.message;
  const refusal = refusalOf(error);
  if (refusal?.extensions?.code === 'UNAUTHENTICATED') return errors.signInAgain;
  if (refusal) return refusal.message;
  if (ServerError.is(error) || ServerParseError.is(error)) return errors.noAnswer(error.statusCode);
  if (error instanceof TypeError) return errors.connection;
  return error instanceof Error && error.message !== '' ? error.message : errors.unknown;
}

/** Whether the same request can succeed when it is sent again. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof UploadError) return error.retryable;
  const refusal = refusalOf(error);
  return refusal ? (refusal.extensions?.retryable ?? false) : true;
}
