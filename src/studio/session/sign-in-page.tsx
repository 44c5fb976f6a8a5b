import { useApolloClient } from '@apollo/client/react';
import { useLocation } from 'wouter';
import { usePageTitle } from '../ui/page-title.js';
import { words } from '../words.js';
import { SignInForm } from './sign-in-form.js';
import css from './session.module.css';

export function SignInPage() {
  const client = useApolloClient();
  const [, navigate] = useLocation();
  usePageTitle(words.signIn.title);

  const enter = (): void => {
    navigate(new URLSearchParams(location.search).get('next') ?? '/', { replace: true });
  };

  return (
    <div className={css.page}>
      <h1>{words.signIn.title}</h1>
      <p className={css.lead}>{words.signIn.lead}</p>
      <SignInForm
        // What was loaded without a sign-in has other contents: locked lessons, no drafts. Before the sign-in, because
        // it ends the queries that are on their way.
        prepare={() => client.clearStore()}
        onSignedIn={enter}
      />
    </div>
  );
}
