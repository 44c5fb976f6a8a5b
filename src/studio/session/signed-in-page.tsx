import { useApolloClient } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { PageLoading } from '../shell/page-loading.js';
import { Button } from '../ui/button.js';
import { usePageTitle } from '../ui/page-title.js';
import { Problem } from '../ui/problem.js';
import { words } from '../words.js';
import { arrive, leaveToSignIn, SignInError, type Arrival, type Errand } from './provider.js';
import { reply } from './reply-channel.js';
import { session } from './session.js';
import css from './session.module.css';
import { viewerOf } from './viewer-of.js';

/** The answer of the provider. It can be used once. */
let arrival: Promise<Arrival> | undefined;

function takeArrival(): Promise<Arrival> {
  if (arrival === undefined) {
    arrival = arrive(location.href);
    history.replaceState(history.state, '', location.pathname);
  }
  return arrival;
}

/** The page to which the provider leads back after a sign-in. */
export default function SignedInPage() {
  const client = useApolloClient();
  const [, navigate] = useLocation();
  const [isHandedOver, setHandedOver] = useState(false);
  const [error, setError] = useState<unknown>();
  usePageTitle(words.signIn.title);

  useEffect(() => {
    const finish = async (): Promise<void> => {
      const { errand, tokens } = await takeArrival();
      await assertAccepted(tokens.token, errand);
      if ('next' in errand) {
        await client.clearStore();
        session.signIn(tokens);
        navigate(errand.next, { replace: true });
      } else {
        setHandedOver(true);
        await reply(errand.replyTo, tokens);
        close();
      }
    };
    finish().catch(setError);
  }, [client, navigate]);

  if (error === undefined && !isHandedOver) return <PageLoading />;
  return (
    <div className={css.page}>
      <h1>{words.signIn.title}</h1>
      {isHandedOver ? <p role="status">{words.signIn.handedOver}</p> : <Failure error={error} onError={setError} />}
    </div>
  );
}

/** Throws when the server refuses the token, or when it belongs to somebody else than expected. */
async function assertAccepted(token: string, errand: Errand): Promise<void> {
  const viewer = await viewerOf(token);
  if (viewer === null) throw new OtherAccountNeeded(words.signIn.refusedHere, errand);
  const expected = 'expected' in errand ? errand.expected : undefined;
  if (expected !== undefined && viewer.id !== expected) {
    throw new OtherAccountNeeded(words.signIn.otherAccount, errand);
  }
}

/** A sign-in that succeeded at the provider, and is of no use here. */
class OtherAccountNeeded extends SignInError {}

interface FailureProps {
  readonly error: unknown;
  readonly onError: (error: unknown) => void;
}

/** Says what happened, and offers to sign in again. */
function Failure({ error, onError }: FailureProps) {
  const errand = (error instanceof SignInError ? error.errand : undefined) ?? { next: '/' };
  const isOther = error instanceof OtherAccountNeeded;
  const again = (): void => void leaveToSignIn(errand, isOther ? 'login' : undefined).catch(onError);
  return (
    <>
      <Problem error={error} />
      <div className={css.actions}>
        <Button look="primary" onClick={again}>
          {isOther ? words.signIn.asOther : words.tryAgain}
        </Button>
      </div>
    </>
  );
}
