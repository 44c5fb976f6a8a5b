import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Role } from '../../src/auth/viewer.js';
import { tokenFor, type TestApp } from './app.js';
import { dataOf, graphql, type GraphqlResponse } from './graphql-client.js';
import { CreateCourseDocument, CreateTopicDocument, CreateVideoDocument } from './gql/graphql.js';
import type { CreateCourseInput, CreateCourseMutation, CreateVideoMutation } from './gql/graphql.js';
import { uploadRequest, type UploadFile } from './multipart.js';

type Files = Readonly<Record<string, UploadFile>>;

/** A client of a server. */
export interface Client {
  readonly token: string | undefined;
  /** Sends one operation as JSON. */
  send<TData, TVariables>(
    document: TypedDocumentNode<TData, TVariables>,
    variables: NoInfer<TVariables>,
  ): Promise<GraphqlResponse<TData>>;
  /** Sends one operation with files, like a browser. */
  upload<TData, TVariables>(
    document: TypedDocumentNode<TData, TVariables>,
    variables: NoInfer<TVariables>,
    files: Files,
  ): Promise<GraphqlResponse<TData>>;
}

/** Creates a client with a token. Without `sub` it has no token. */
export async function clientOf(app: Pick<TestApp, 'url'>, sub?: string, role: Role = 'instructor'): Promise<Client> {
  return clientWith(app.url, sub === undefined ? undefined : await tokenFor(sub, role));
}

/** Creates a client with this token. */
export function clientWith(url: string, token: string | undefined): Client {
  return {
    token,
    send: (document, variables) => graphql(url, document, variables, { token }),
    upload: (document, variables, files) => uploadRequest(url, { document, variables, files, token }),
  };
}

export type CreatedCourse = CreateCourseMutation['createCourse'];
export type CreatedVideo = CreateVideoMutation['createVideo'];

/** Creates a course. It is published unless `input` has another status. */
export async function createCourse(
  client: Client,
  input: CreateCourseInput,
  files: { readonly thumbnail?: UploadFile; readonly introVideo?: UploadFile } = {},
): Promise<CreatedCourse> {
  const variables = { input: { status: 'PUBLISHED' as const, ...input } };
  const answer = Object.keys(files).length
    ? await client.upload(CreateCourseDocument, variables, files)
    : await client.send(CreateCourseDocument, variables);
  return dataOf(answer).createCourse;
}

/** Adds a topic and returns its id. */
export async function createTopic(client: Client, courseId: string, title: string): Promise<string> {
  return dataOf(await client.send(CreateTopicDocument, { courseId, input: { title } })).createTopic.id;
}

export async function createVideo(
  client: Client,
  topicId: string,
  title: string,
  files: { readonly file?: UploadFile; readonly thumbnail?: UploadFile } = {},
): Promise<CreatedVideo> {
  const variables = { topicId, input: { title } };
  const answer = Object.keys(files).length
    ? await client.upload(CreateVideoDocument, variables, files)
    : await client.send(CreateVideoDocument, variables);
  return dataOf(answer).createVideo;
}
