import { useApolloClient } from '@apollo/client/react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Button } from '../ui/button.js';
import { usePageTitle } from '../ui/page-title.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { provider, providerHost } from './provider-settings.js';
import css from './session.module.css';
import { SignInForm } from './sign-in-form.js';
import { TokenDisclosure } from './token-disclosure.js';

export function SignInPage() {
  const client = useApolloClient();
  const [, navigate] = useLocation();
  usePageTitle(words.signIn.title);
  const next = new URLSearchParams(location.search).get('next') ?? '/';
  const form = {
    // What was loaded without a sign-in has other contents: locked lessons, no drafts. Before the sign-in, because
    // it ends the queries that are on their way.
    prepare: () => client.clearStore(),
    onSignedIn: () => navigate(next, { replace: true }),
  };

  return (
    <div className={css.page}>
      <h1>{words.signIn.title}</h1>
      {provider ? (
        <>
          <p className={css.lead}>{words.signIn.leadProvider(providerHost ?? '')}</p>
          <ProviderButton next={next} />
          <TokenDisclosure {...form} />
        </>
      ) : (
        <>
          <p className={css.lead}>{words.signIn.lead}</p>
          <SignInForm {...form} />
        </>
      )}
    </div>
  );
}

/** Leaves for the provider. */
function ProviderButton({ next }: { readonly next: string }) {
  const [isLeaving, setLeaving] = useState(false);
  const [error, setError] = useState<unknown>();

  const leave = async (): Promise<void> => {
    setLeaving(true);
    setError(undefined);
    try {
      const { leaveToSignIn } = await import('./provider.js');
      await leaveToSignIn({ next });
    } catch (thrown) {
      setError(thrown);
      setLeaving(false);
    }
  };

  return (
    <div className={css.form}>
      <Problem error={error} />
      <Button look="primary" disabled={isLeaving} onClick={() => void leave()}>
        {isLeaving ? words.signIn.leaving : words.signIn.submit}
      </Button>
    </div>
  );
}
