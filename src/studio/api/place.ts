// Where the page is served: the server writes its path prefix into `<base>`.

/** The path of the studio, without a slash at the end. */
export const BASE_PATH = new URL('.', document.baseURI).pathname.replace(/\/$/, '');

export const GRAPHQL_URL = new URL('../graphql', document.baseURI).href;
