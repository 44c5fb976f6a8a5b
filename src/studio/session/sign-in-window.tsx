import { useEffect, useState } from 'react';
import { PageLoading } from '../shell/page-loading.js';
import { usePageTitle } from '../ui/page-title.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { leaveToSignIn } from './provider.js';
import css from './session.module.css';

/** The first page of a window in which somebody signs in again for another tab. Leaves for the provider at once. */
export default function SignInWindow() {
  const [error, setError] = useState<unknown>();
  usePageTitle(words.signIn.title);

  const leave = (): void => {
    const query = new URLSearchParams(location.search);
    const expected = query.get('expected');
    setError(undefined);
    leaveToSignIn({ replyTo: query.get('replyTo') ?? '', ...(expected !== null && { expected }) }).catch(setError);
  };
  useEffect(leave, []);

  if (error === undefined) return <PageLoading />;
  return (
    <div className={css.page}>
      <h1>{words.signIn.title}</h1>
      <Problem error={error} onRetry={leave} />
    </div>
  );
}
