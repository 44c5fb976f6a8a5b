import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as apolloClient from '@apollo/client';
import * as apolloReact from '@apollo/client/react';
import * as uploadLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { Kind, OperationTypeNode, parse, type DocumentNode, type OperationDefinitionNode } from 'graphql';
import * as reactPackage from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, tokenFor, type TestApp } from '../support/app.js';
import { Reader, type ExampleServer } from '../support/docs-examples.js';
import { readPage, ROOT, sandboxExamples, type Fence, type SandboxExample } from '../support/docs-pages.js';
import { documentsOf, runModules } from '../support/docs-react.js';

const readme = readPage('README.md');
const api = readPage('docs/api.md');
const react = readPage('docs/react.md');

/** The number of signed URLs in the answers of docs/api.md, in each form. */
const SIGNED_URLS = 18;

let server: TestApp;
/** A folder like the reader's, except for the files that the examples write. */
let folder: string;

beforeAll(async () => {
  server = await startApp();
  folder = await mkdtemp(join(tmpdir(), 'lectern-docs-'));
  await mkdir(join(folder, 'docs'));
  await symlink(join(ROOT, 'tests'), join(folder, 'tests'));
  for (const { text, filename } of api.fences.filter(isFile)) await writeFile(join(folder, filename), text);
});
afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

function isFile({ language }: Fence): boolean {
  return language === 'vtt';
}

function at(cwd: string): ExampleServer {
  const { origin, environment } = server;
  return { origin, cwd, environment };
}

async function reader(): Promise<Reader> {
  return new Reader(at(folder), await tokenFor('alice', 'instructor'));
}

/** Runs the blocks in order. An error names the page and line of its block. */
async function follow<T extends Fence | SandboxExample>(blocks: readonly T[], run: (block: T) => Promise<unknown>) {
  for (const block of blocks) {
    const { page, line } = 'fence' in block ? block.fence : block;
    await run(block).catch((error: unknown) => {
      throw new Error(`${page}:${line}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
  }
}

const shellBlocks = (fences: readonly Fence[]): Fence[] => fences.filter(({ language }) => language === 'bash');

describe('README.md', () => {
  it('has commands that create a token and a course with two working signed URLs', async () => {
    const newcomer = new Reader(at(ROOT));
    await follow(shellBlocks(readme.fences), (block) => newcomer.shell(block));
    expect(newcomer.words.get('COURSE_ID')).toBeDefined();
    expect(newcomer.opened).toBe(4);
  });

  it('has an operation for Sandbox that does the same', async () => {
    const newcomer = await reader();
    await follow(sandboxExamples(readme), (example) => newcomer.sandbox(example));
    expect(newcomer.opened).toBe(2);
  });
});

describe('docs/api.md runs from top to bottom', () => {
  it('in Apollo Sandbox', async () => {
    const alice = await reader();
    await follow(sandboxExamples(api), (example) => alice.sandbox(example));
    expect(alice.opened).toBe(SIGNED_URLS);
  });

  it('with curl', async () => {
    const alice = await reader();
    await follow(shellBlocks(api.fences), (block) => alice.shell(block));
    expect(alice.opened).toBe(SIGNED_URLS);
  });

  it('with Apollo Client: every document of the React examples, with the client of the README', async () => {
    const alice = await reader();
    const blocks = [...readme.fences, ...react.fences].filter(({ language }) => language === 'tsx');
    const modules = runModules(blocks, {
      '@apollo/client': apolloClient,
      '@apollo/client/react': apolloReact,
      'apollo-upload-client/UploadHttpLink.mjs': uploadLink,
      react: reactPackage,
      'react/jsx-runtime': jsxRuntime,
    });
    const create = modules.get('client.ts')!['createLecternClient'] as (
      token: string,
      uri: string,
    ) => apolloClient.ApolloClient;
    const client = create(alice.words.get('TOKEN')!, alice.graphqlUrl);
    const documents = documentsOf(modules).filter((document) => operationOf(document));
    const unused = new Set(documents);

    await follow(sandboxExamples(api), async (example) => {
      const field = rootField(parse(example.fence.text));
      for (const document of documents.filter((candidate) => rootField(candidate) === field)) {
        unused.delete(document);
        const variables = { ...alice.filledIn(example.variables), ...(await filesOf(alice, example)) };
        const answer = await send(client, document, variables);
        await alice.learn(answer);
        await alice.sendPart(variables, answer);
      }
    });
    client.stop();
    expect([...unused].map(rootField), 'documents without an example of their operation').toEqual([]);
  });
});

async function filesOf(alice: Reader, { files }: SandboxExample): Promise<Record<string, File>> {
  const entries = Object.entries(files).map(async ([name, path]): Promise<[string, File]> => {
    return [name, new File([new Uint8Array(await alice.read(path))], basename(path))];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function send(
  client: apolloClient.ApolloClient,
  document: DocumentNode,
  given: Readonly<Record<string, unknown>>,
): Promise<{ data: Record<string, unknown> }> {
  const declared = (operationOf(document)?.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
  const variables = Object.fromEntries(declared.map((name) => [name, given[name]]));
  const { data } =
    operationOf(document)?.operation === OperationTypeNode.QUERY
      ? await client.query({ query: document, variables, fetchPolicy: 'no-cache' })
      : await client.mutate({ mutation: document, variables, fetchPolicy: 'no-cache' });
  return { data: data as Record<string, unknown> };
}

function operationOf(document: DocumentNode): OperationDefinitionNode | undefined {
  return document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}

/** The field of Query or Mutation that a document uses. */
function rootField(document: DocumentNode): string {
  const [selection] = operationOf(document)?.selectionSet.selections ?? [];
  return selection?.kind === Kind.FIELD ? selection.name.value : '';
}
