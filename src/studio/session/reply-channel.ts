// Hands the tokens of a sign-in in another window to the tab that waits for them. Not by `window.opener`: the policies of
// the pages (Cross-Origin-Opener-Policy) cut that tie on the way through the provider.
import type { Tokens } from './tokens.js';

const CHANNEL = 'lectern.sign-in';

type Message =
  | { readonly to: string; readonly tokens: Tokens }
  /** The tab has got the tokens. */
  | { readonly received: string };

/** Calls `receive` with the tokens that are sent to `replyTo`. Returns what ends that. */
export function awaitReply(replyTo: string, receive: (tokens: Tokens) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!('to' in data) || data.to !== replyTo) return;
    channel.postMessage({ received: replyTo } satisfies Message);
    receive(data.tokens);
  };
  return () => channel.close();
}

/** Resolves when the tab has got the tokens. Never, when it is closed. */
export function reply(replyTo: string, tokens: Tokens): Promise<void> {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (!('received' in data) || data.received !== replyTo) return;
      channel.close();
      resolve();
    };
    channel.postMessage({ to: replyTo, tokens } satisfies Message);
  });
}
