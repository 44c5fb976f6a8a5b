// The schema's reference and an explorer, for development: GraphiQL, which needs nothing from the internet.
import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import { PluginContextProvider } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import './explorer.css';

const GRAPHQL_URL = new URL('../graphql', document.baseURI).href;

/** Where the studio keeps the token of this tab. */
const TOKEN = 'lectern.token';

const FIRST_QUERY = `# Ctrl+Enter sends the operation.
# The book at the left: the reference.
#
# A token for "Headers" below:
#   npx lectern token --sub alice --role instructor
#   { "Authorization": "Bearer TOKEN" }
#
# Files are sent with curl: docs/api.md

query Courses {
  courses(first: 10) {
    totalCount
    nodes {
      id
      title
      status
    }
  }
}
`;

interface Options {
  readonly headers?: Readonly<Record<string, unknown>>;
}

async function send(operation: object, { headers }: Options = {}): Promise<object> {
  const response = await fetch(GRAPHQL_URL, {
    method: 'POST',
    headers: { ...(headers as Record<string, string>), 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(operation),
  });
  return (await response.json()) as object;
}

// The style that keeps the page from scrolling behind a dialog (react-style-singleton) is allowed by the nonce that the
// server writes into the page.
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce;
Object.assign(globalThis, { __webpack_nonce__: nonce });

/** Signed in as in the studio, in the same tab. */
const token = sessionStorage.getItem(TOKEN);
const signedIn =
  token === null ? {} : { defaultHeaders: JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2) };

const hasRoomForReference = matchMedia('(min-width: 60rem)').matches;

function Explorer() {
  const [isReady, setReady] = useState(false);
  useEffect(() => setReady(true), []);
  // GraphiQL hides a plugin that is chosen only when it is mounted, so the reference is chosen before.
  if (!isReady && hasRoomForReference) {
    return (
      <PluginContextProvider plugins={REFERENCE} visiblePlugin={DOC_EXPLORER_PLUGIN}>
        {null}
      </PluginContextProvider>
    );
  }
  return (
    <GraphiQL
      fetcher={send}
      defaultQuery={FIRST_QUERY}
      defaultEditorToolsVisibility="headers"
      {...(hasRoomForReference && { visiblePlugin: DOC_EXPLORER_PLUGIN })}
      {...signedIn}
    />
  );
}

const REFERENCE = [DOC_EXPLORER_PLUGIN];

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root.');
createRoot(root).render(
  <StrictMode>
    <Explorer />
  </StrictMode>,
);
